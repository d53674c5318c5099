// Renders /openapi.json: paths by tag, parameters, bodies, answers and shapes. Text goes in as text only.

const KO = {
  lead: '쓰기에는 Authorization: Bearer 토큰과 Idempotency-Key가 필요해요. 원본:',
  parameters: '매개변수', body: '본문', answers: '응답', shapes: '자료형', failed: '목록을 읽지 못했어요.',
};
const EN = {
  lead: 'Writes need Authorization: Bearer and an Idempotency-Key. Source:',
  parameters: 'Parameters', body: 'Body', answers: 'Answers', shapes: 'Shapes', failed: 'The list could not be read.',
};
const words = navigator.language.startsWith('ko') ? KO : EN;
document.documentElement.lang = words === KO ? 'ko' : 'en';

function element(name, text, ...children) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

function shape(schema) {
  if (!schema) return '';
  if (schema.$ref) return schema.$ref.split('/').pop();
  const choices = schema.oneOf ?? schema.anyOf ?? schema.allOf;
  if (choices) return choices.map(shape).join(' | ');
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const type = [schema.type ?? 'any'].flat().join(' | ');
  return schema.items ? `${type} of ${shape(schema.items)}` : type;
}

const content = (part) => shape(Object.values(part?.content ?? {})[0]?.schema);

function table(rows) {
  const lines = rows.map((cells) => element('tr', '', ...cells.map((cell) => element('td', cell))));
  return element('table', '', element('tbody', '', ...lines));
}

function operation(method, path, described) {
  const label = element('span', method.toUpperCase());
  label.className = method === 'get' ? 'method' : 'method write';
  const head = element('summary', '', label, element('code', path), ` ${described.summary ?? described.description ?? ''}`);
  const made = element('details', '', head);
  const parameters = described.parameters ?? [];
  if (parameters.length > 0) {
    const rows = parameters.map((p) => [p.name, p.in, shape(p.schema), p.description ?? '']);
    made.append(element('h4', words.parameters), table(rows));
  }
  if (described.requestBody) made.append(element('h4', words.body), element('code', content(described.requestBody)));
  const answers = Object.entries(described.responses ?? {}).map(([code, r]) => [code, content(r), r.description ?? '']);
  made.append(element('h4', words.answers), table(answers));
  return made;
}

function render(api) {
  const byTag = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, described] of Object.entries(methods)) {
      const tag = described.tags?.[0] ?? '';
      byTag.set(tag, [...(byTag.get(tag) ?? []), operation(method, path, described)]);
    }
  }
  const main = document.getElementById('paths');
  for (const [tag, operations] of byTag) main.append(element('h2', tag), ...operations);
  main.append(element('h2', words.shapes));
  for (const [name, schema] of Object.entries(api.components?.schemas ?? {})) {
    const head = element('summary', '', element('code', name), ` ${schema.description ?? ''}`);
    const fields = Object.entries(schema.properties ?? {}).map(([field, s]) => [field, shape(s), s.description ?? '']);
    main.append(element('details', '', head, fields.length > 0 ? table(fields) : element('code', shape(schema))));
  }
}

const link = element('a', '/openapi.json');
link.href = '/openapi.json';
document.getElementById('lead').append(`${words.lead} `, link);
fetch('/openapi.json')
  .then((answer) => answer.json())
  .then(render)
  .catch(() => document.getElementById('paths').append(element('p', words.failed)));
