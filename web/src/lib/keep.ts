// Remembers small choices; private windows may forbid storage, and then a choice lasts for one visit.

export function recall(key: string): string | null {
  try {
    return localStorage.getItem(`fsts.${key}`);
  } catch {
    return null;
  }
}

export function keep(key: string, value: string): void {
  try {
    localStorage.setItem(`fsts.${key}`, value);
  } catch {
    return;
  }
}
