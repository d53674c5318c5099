// Until something of it trades, no row names a symbol; its quote does, and one answer is enough.

export interface NameSource {
  ask: (symbol: string) => Promise<string>;
  learn: (symbol: string, name: string) => void;
}

/** Returns what asks for the names of symbols, each symbol once. */
export function makeNameAsker({ ask, learn }: NameSource): (symbols: readonly string[]) => void {
  const asked = new Set<string>();
  return (symbols) => {
    for (const symbol of symbols) {
      if (asked.has(symbol)) continue;
      asked.add(symbol);
      // Without an answer the code stays, which names the symbol too.
      void ask(symbol)
        .then((name) => learn(symbol, name))
        .catch(() => undefined);
    }
  };
}
