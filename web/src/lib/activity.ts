// Whether somebody is at the page: its own polling must not keep a session alive for ever.

const LATELY_MS = 60_000;
let touched = 0;

export function watchActivity(): () => void {
  const touch = (): void => {
    touched = performance.now();
  };
  touch();
  const kinds = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;
  for (const kind of kinds) addEventListener(kind, touch, { passive: true });
  return () => {
    for (const kind of kinds) removeEventListener(kind, touch);
  };
}

export const isActive = (): boolean => performance.now() - touched < LATELY_MS;
