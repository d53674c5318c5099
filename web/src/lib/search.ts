// Finds by code, name, or the initial consonants of a Korean name.

const FIRST_SYLLABLE = 0xac00;
const LAST_SYLLABLE = 0xd7a3;
/** Syllables that share an initial consonant: 21 vowels times 28 finals. */
const PER_INITIAL = 588;
/** Initial consonants in the order of the syllable block, as compatibility letters. */
const INITIALS = [
  0x3131, 0x3132, 0x3134, 0x3137, 0x3138, 0x3139, 0x3141, 0x3142, 0x3143, 0x3145, 0x3146, 0x3147, 0x3148, 0x3149, 0x314a,
  0x314b, 0x314c, 0x314d, 0x314e,
];

export function initialsOf(text: string): string {
  return [...text]
    .map((letter) => {
      const code = letter.codePointAt(0) ?? 0;
      if (code < FIRST_SYLLABLE || code > LAST_SYLLABLE) return letter;
      return String.fromCodePoint(INITIALS[Math.floor((code - FIRST_SYLLABLE) / PER_INITIAL)] ?? code);
    })
    .join('');
}

export function matches(asked: string, name: string, code: string): boolean {
  const wanted = asked.trim().toLowerCase().replace(/\s+/g, '');
  if (wanted === '') return true;
  const plain = name.toLowerCase().replace(/\s+/g, '');
  return plain.includes(wanted) || code.toLowerCase().includes(wanted) || initialsOf(plain).includes(wanted);
}
