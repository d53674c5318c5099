// The write token arrives once in the address fragment, which browsers never send to a server, and then leaves the bar.

const KEY = 'fsts.token';

interface Place {
  location: { hash: string; pathname: string; search: string };
  history: { replaceState(data: unknown, unused: string, url: string): void };
  session: Pick<Storage, 'getItem' | 'setItem'>;
}

export function takeToken(place: Place): string | null {
  const params = new URLSearchParams(place.location.hash.replace(/^#/, ''));
  const given = params.get('token');
  if (given === null) return place.session.getItem(KEY);
  params.delete('token');
  const rest = params.toString();
  const { pathname, search } = place.location;
  place.history.replaceState(null, '', pathname + search + (rest ? `#${rest}` : ''));
  if (given === '') return place.session.getItem(KEY);
  place.session.setItem(KEY, given);
  return given;
}

/** Whoever has signed in needs it no longer. */
export function forgetToken(session: Pick<Storage, 'removeItem'>): void {
  session.removeItem(KEY);
}
