// Reads server-sent events out of text that may be cut anywhere, also within a line.

export interface ServerEvent {
  event: string;
  data: string;
}

export function makeEventReader(): (text: string) => ServerEvent[] {
  let rest = '';
  let event = '';
  let data: string[] = [];
  const line = (text: string, out: ServerEvent[]): void => {
    if (text === '') {
      if (data.length > 0) out.push({ event: event || 'message', data: data.join('\n') });
      event = '';
      data = [];
      return;
    }
    const colon = text.indexOf(':');
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
  };
  return (text) => {
    const out: ServerEvent[] = [];
    rest += text;
    for (;;) {
      const end = /\r\n|\n|\r(?!$)/.exec(rest);
      if (!end) return out;
      const whole = rest.slice(0, end.index);
      rest = rest.slice(end.index + end[0].length);
      line(whole, out);
    }
  };
}
