import { expect, it } from 'vitest';
import { chartPath, ENTRIES, PAGES, placeOf, runPath } from './routes';

it('every page has one entry, one address and one key', () => {
  expect(ENTRIES.map(({ page }) => page)).toEqual([...PAGES]);
  expect(new Set(ENTRIES.map(({ path }) => path)).size).toBe(PAGES.length);
  expect(new Set(ENTRIES.map(({ key }) => key)).size).toBe(PAGES.length);
});

it('an address leads back to its place', () => {
  for (const { page, path } of ENTRIES) expect(placeOf(path)).toEqual({ page, item: null });
  expect(placeOf(chartPath('005930'))).toEqual({ page: 'chart', item: '005930' });
  expect(placeOf(runPath('12'))).toEqual({ page: 'lab', item: '12' });
  expect(placeOf('/bots/')).toEqual({ page: 'bots', item: null });
});

it('what is no address of ours is no place', () => {
  for (const path of ['/nothing', '/bots/x', '/chart/x', '/chart/005930/x', '/lab/12', '/lab/runs/../x', '/api/v1/bots']) {
    expect(placeOf(path), path).toBeNull();
  }
});
