// One conversation with the assistant: what was said, what tools did, what waits for a person.

import { ApiProblem } from '../api/client';
import { dashboard } from './dashboard.svelte';
import { speech } from './speech.svelte';

export interface ToolCall {
  id: string;
  name: string;
  arguments: string;
  result: string;
  /** Where the tool lives; empty for our own. */
  server: string;
  /** The result holds text of strangers. */
  tainted: boolean;
  state: 'running' | 'done' | 'failed';
}

/** A passage that the answer names as `[n]`. */
export interface Citation {
  n: number;
  title: string;
  document: string;
  quote: string;
}

export interface Turn {
  role: 'user' | 'assistant';
  text: string;
  tools: ToolCall[];
  /** Proposals that only a person can confirm, and not here. */
  approvals: { id: string; summary: string }[];
  citations: Citation[];
  /** What the reader should know about the answer, as codes. */
  warnings: string[];
  state: 'running' | 'done' | 'partial' | 'failed';
  failure: string;
}

type Fields = Record<string, unknown>;

const textOf = (value: unknown): string => {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
};
const fieldsOf = (text: string): Fields => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Fields) : {};
  } catch {
    return {};
  }
};
const summaryOf = (proposal: Fields): string => textOf(proposal[`summary_${speech.language}`] ?? proposal.summary);
const endOf = (status: unknown): 'done' | 'failed' => (status === undefined || status === 'ok' ? 'done' : 'failed');
const list = (value: unknown): Fields[] => (Array.isArray(value) ? (value as Fields[]) : []);

export class Chat {
  turns = $state<Turn[]>([]);
  busy = $state(false);
  /** The server has no model; the rest of the program works without one. */
  noModel = $state(false);
  session: string | null = null;
  #stop: AbortController | null = null;

  stop = (): void => this.#stop?.abort();

  reset(): void {
    this.stop();
    this.turns = [];
    this.session = null;
  }

  async ask(message: string): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.noModel = false;
    this.turns.push({ role: 'user', text: message, tools: [], approvals: [], citations: [], warnings: [], state: 'done', failure: '' });
    this.turns.push({ role: 'assistant', text: '', tools: [], approvals: [], citations: [], warnings: [], state: 'running', failure: '' });
    const turn = this.turns[this.turns.length - 1] as Turn;
    this.#stop = new AbortController();
    const body = { message, stream: true, locale: speech.language, ...(this.session ? { session_id: this.session } : {}) };
    try {
      await dashboard.client.stream('/agent_chat', body, this.#stop.signal, ({ event, data }) => this.#hear(turn, event, fieldsOf(data)));
      // A stream that ended without saying so was cut; what was shown stays and is marked.
      if (turn.state === 'running') turn.state = 'partial';
    } catch (cause) {
      this.#failed(turn, cause);
    } finally {
      this.busy = false;
      this.#stop = null;
    }
  }

  #failed(turn: Turn, cause: unknown): void {
    const problem = cause instanceof ApiProblem ? cause : null;
    if (problem?.code === 'llm_not_configured' || problem?.status === 404) {
      this.noModel = true;
      this.turns.pop();
      return;
    }
    turn.state = turn.text === '' ? 'failed' : 'partial';
    turn.failure = problem?.detail ?? '';
  }

  #hear(turn: Turn, event: string, data: Fields): void {
    if (typeof data.session_id === 'string') this.session = data.session_id;
    switch (event) {
      case 'token':
        turn.text += textOf(data.text ?? data.token ?? data.delta ?? data.content);
        break;
      case 'tool.started':
        turn.tools.push({ id: textOf(data.id ?? data.call_id), name: textOf(data.name ?? data.tool), arguments: textOf(data.arguments), result: '', server: '', tainted: false, state: 'running' });
        break;
      case 'tool.finished':
        this.#toolDone(turn, data);
        break;
      case 'approval.required':
        turn.approvals.push({ id: textOf(data.approval_id ?? data.id), summary: summaryOf(data) });
        break;
      case 'run.failed':
        turn.state = turn.text === '' ? 'failed' : 'partial';
        turn.failure = textOf(data.message ?? data.detail ?? data[`message_${speech.language}`]);
        break;
      case 'run.completed':
      case 'answer':
        this.#ended(turn, data);
        break;
      default:
    }
  }

  #toolDone(turn: Turn, data: Fields): void {
    const id = textOf(data.id ?? data.call_id);
    const name = textOf(data.name ?? data.tool);
    const call = turn.tools.find((one) => one.state === 'running' && (one.id === id || one.name === name));
    if (!call) return;
    call.state = endOf(data.status);
    call.arguments ||= textOf(data.arguments);
    call.result = textOf(data.preview ?? data.result);
    call.tainted = data.tainted === true;
  }

  #ended(turn: Turn, data: Fields): void {
    if (turn.text === '') turn.text = textOf(data.answer);
    if (turn.tools.length === 0) {
      turn.tools = list(data.tool_calls).map((call) => ({
        id: textOf(call.id),
        name: textOf(call.name),
        arguments: textOf(call.arguments),
        result: textOf(call.preview),
        server: '',
        tainted: call.tainted === true,
        state: endOf(call.status),
      }));
    }
    for (const told of list(data.tool_calls)) {
      const call = turn.tools.find((one) => one.id === told.id);
      if (call && told.server !== 'built-in') call.server = textOf(told.server);
    }
    turn.citations = list(data.citations).map((one) => ({
      n: Number(one.n),
      title: textOf(one.title),
      document: textOf(one.doc_id),
      quote: textOf(one.quote),
    }));
    turn.warnings = Array.isArray(data.warnings) ? data.warnings.filter((one): one is string => typeof one === 'string') : [];
    if (turn.approvals.length === 0) {
      turn.approvals = list(data.approvals).map((one) => ({ id: textOf(one.approval_id), summary: summaryOf(one) }));
    }
    turn.state = data.status === 'partial' ? 'partial' : 'done';
  }
}

/** Lives beside the pages, so that looking at another one does not end the conversation. */
export const chat = new Chat();
