// Hands a file to the browser; a plain link would not carry what a program's token needs.

export function saveFile(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken its own hold of the content by the next round.
  setTimeout(() => URL.revokeObjectURL(url));
}
