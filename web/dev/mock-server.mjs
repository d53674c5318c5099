// Speaks the dashboard's HTTP contract over the toy market and serves dist under the strictest content policy.
// PORT, TOKEN, SPEED and SCENARIO (comma list: empty, frozen, halted, closed, live, replay, journal) set it up;
// POST /_mock/mute stops all events while the sockets stay open, POST /_mock/drop closes the sockets.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { Market } from './mock-market.mjs';
import { chat, readPart } from './mock-parts.mjs';

const port = Number(process.env.PORT ?? 8787);
const token = process.env.TOKEN ?? 'mock-token';
const scenario = new Set((process.env.SCENARIO ?? '').split(','));
const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const REAL_STEP_MS = 200;
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types svelte-trusted-html";

const mode = scenario.has('live') ? 'live' : scenario.has('replay') ? 'replay' : 'paper';
const market = new Market({ mode, speed: Number(process.env.SPEED ?? 60), empty: scenario.has('empty') });
if (scenario.has('frozen')) market.freeze();
if (scenario.has('halted')) Object.assign(market, { halted: true, haltReason: '하루 손실 한도 도달' });
if (scenario.has('closed')) market.part = 'closed';
if (scenario.has('journal')) market.journal = 'slow';

let mute = false;
const answered = new Map();
const server = createServer((request, response) => {
  handle(request, response).catch((error) => {
    console.error(error);
    problem(response, 500, 'internal', String(error));
  });
});
const sockets = new WebSocketServer({ server, path: '/api/v1/feed' });

function send(topic, data) {
  market.seq += 1;
  const text = JSON.stringify({ seq: market.seq, topic, at_ns: `${Math.floor(market.now)}000000`, data });
  for (const client of sockets.clients) client.send(text);
}

sockets.on('connection', (client) => {
  const data = {
    status: market.status(),
    balance: market.balance(),
    positions: market.positionList().positions,
    orders: [...market.openOrders(), ...market.orders.filter((o) => o.state === 'filled').slice(0, 50)],
    fills: market.fills.slice(0, 50),
  };
  client.send(JSON.stringify({ seq: market.seq, topic: 'snapshot', at_ns: `${Math.floor(market.now)}000000`, data }));
});

setInterval(() => {
  // Muted, time goes on and nothing happens: exactly what a dead quote line looks like.
  if (mute) market.now += REAL_STEP_MS * market.speed;
  else if (market.part === 'continuous') market.advance(REAL_STEP_MS * market.speed, send);
}, REAL_STEP_MS);
setInterval(() => send('status', market.status()), 1_000);
setInterval(() => send('heartbeat', {}), 5_000);

function json(response, status, body) {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(body));
}

function problem(response, status, code, detail) {
  response.writeHead(status, { 'Content-Type': 'application/problem+json' });
  response.end(JSON.stringify({ type: 'about:blank', title: code, status, detail, code, request_id: 'mock-1' }));
}

async function bodyOf(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text ? JSON.parse(text) : {};
}

const koreanOf = (request) => (request.headers['accept-language'] ?? 'ko').startsWith('ko');
const symbols = () => [...new Set(market.status().bots.flatMap((bot) => bot.symbols))];

async function write(request, response, path) {
  if (path === '/agent_chat') return chat(response, koreanOf(request), symbols());
  if (request.headers.authorization !== `Bearer ${token}`) return problem(response, 401, 'unauthorized', 'token');
  const key = request.headers['idempotency-key'];
  if (!key) return problem(response, 400, 'idempotency_key_missing', 'Idempotency-Key');
  const body = await bodyOf(request);
  if (answered.has(key)) return json(response, 200, answered.get(key));
  const answer = act(request.method, path, body);
  if (!answer) return problem(response, 404, 'not_found', path);
  if (answer.refused) return problem(response, 422, 'refused', answer.refused);
  answered.set(key, answer);
  return json(response, request.method === 'DELETE' ? 202 : 201, answer);
}

function act(method, path, body) {
  if (path === '/api/v1/halt') return halt(true, body.reason ?? null);
  if (path === '/api/v1/resume') return halt(false, null);
  if (method === 'POST' && path === '/api/v1/orders') {
    const stock = market.stock(body.symbol);
    if (!stock) return { refused: '모르는 종목이에요.' };
    const order = market.place(body, 'manual', send);
    if (body.type === 'market') market.fill(order, send);
    return order;
  }
  const order = market.orders.find((o) => path === `/api/v1/orders/${o.id}`);
  if (method !== 'DELETE' || !order) return null;
  Object.assign(order, { state: 'cancelled', updated_ns: `${Math.floor(market.now)}000000` });
  send('order', order);
  return order;
}

function halt(halted, haltReason) {
  Object.assign(market, { halted, haltReason });
  send('status', market.status());
  return { halted, reason: haltReason };
}

function read(path, query) {
  const limit = Number(query.get('limit') ?? 500);
  const [, symbol] = /^\/api\/v1\/(?:quotes|bars)\/(\w+)$/.exec(path) ?? [];
  const stock = symbol && market.stock(symbol);
  if (stock) return path.includes('/quotes/') ? market.quote(stock) : market.bars(stock, query.get('interval') ?? '1m', limit);
  const open = query.get('open');
  const orders = open === 'true' ? market.openOrders() : market.orders;
  const routes = {
    '/healthz': () => ({ status: 'ok' }),
    '/api/v1/status': () => market.status(),
    '/api/v1/balance': () => market.balance(),
    '/api/v1/positions': () => market.positionList(),
    '/api/v1/orders': () => ({ as_of: market.asOf(), orders: orders.slice(0, limit) }),
    '/api/v1/trade/history': () => ({ as_of: market.asOf(), fills: market.fills.slice(0, limit) }),
    '/api/v1/equity': () => ({ as_of: market.asOf(), points: market.equity }),
    '/api/v1/alerts': () => ({ alerts: market.alerts }),
  };
  return routes[path]?.() ?? null;
}

async function file(response, path) {
  const wanted = extname(path) ? path : '/index.html';
  const full = normalize(join(dist, wanted));
  if (!full.startsWith(dist)) return problem(response, 404, 'not_found', path);
  const content = await readFile(full).catch(() => null);
  if (!content) return problem(response, 404, 'not_found', path);
  response.writeHead(200, {
    'Content-Type': TYPES[extname(wanted)] ?? 'application/octet-stream',
    'Content-Security-Policy': POLICY,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
  });
  response.end(content);
}

async function handle(request, response) {
  const url = new URL(request.url, `http://127.0.0.1:${port}`);
  const path = url.pathname;
  if (path === '/_mock/mute') return json(response, 200, { mute: (mute = !mute) });
  if (path === '/_mock/drop') {
    for (const client of sockets.clients) client.terminate();
    return json(response, 200, {});
  }
  if (request.method !== 'GET') return write(request, response, path);
  if (!path.startsWith('/api/') && path !== '/healthz') return file(response, path);
  const part = readPart(path, url.searchParams, { now: market.now, symbols: symbols(), korean: koreanOf(request) });
  const body = part ?? read(path, url.searchParams);
  return body ? json(response, 200, body) : problem(response, 404, 'not_found', path);
}

server.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/#token=${token}`));
