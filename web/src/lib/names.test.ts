import { expect, test, vi } from 'vitest';
import { makeNameAsker } from './names';

test('each symbol is asked for once, and what the answer says is learnt', async () => {
  const asked: string[] = [];
  const learnt = new Map<string, string>();
  const ask = (symbol: string): Promise<string> => {
    asked.push(symbol);
    return Promise.resolve(`name of ${symbol}`);
  };
  const request = makeNameAsker({ ask, learn: (symbol, name) => learnt.set(symbol, name) });
  request(['005930', '000660']);
  request(['000660', '035420']);
  await vi.waitFor(() => expect(learnt.size).toBe(3));
  expect(asked).toEqual(['005930', '000660', '035420']);
  expect(learnt.get('035420')).toBe('name of 035420');
});

test('a refused question leaves the code and is not put again', async () => {
  let questions = 0;
  const learnt: string[] = [];
  const request = makeNameAsker({ ask: () => ((questions += 1), Promise.reject(new Error('no quote'))), learn: (symbol) => learnt.push(symbol) });
  request(['005930']);
  await vi.waitFor(() => expect(questions).toBe(1));
  request(['005930']);
  expect([questions, learnt.length]).toEqual([1, 0]);
});
