// Which account a tab shows: kept for the tab, so that a reload shows the same.

const KEPT = 'fsts.account';

type Kept = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

export function keptAccount(kept: Kept): string | null {
  try {
    return kept.getItem(KEPT);
  } catch {
    // A browser that keeps nothing shows the first account.
    return null;
  }
}

export function keepAccount(kept: Kept, account: string | null): void {
  try {
    if (account === null) kept.removeItem(KEPT);
    else kept.setItem(KEPT, account);
  } catch {
    // As above: the choice then lasts until the next load.
  }
}
