// The daemon itself: its state, the live tree of actors, and what an administrator can do about one.
import { html, nothing } from '../vendor/lit/index.js';
import { plain, state } from '../components/badge.js';
import { confirm } from '../components/dialogs.js';
import { failure, loading } from '../components/empty.js';
import { icon } from '../components/icons.js';
import { table } from '../components/table.js';
import { call, can } from '../lib/api.js';
import { subscribe } from '../lib/live.js';
import { Page } from '../lib/page.js';
import { bytes, number, peer } from '../lib/text.js';
import { clock, now, span, when } from '../lib/time.js';

class System extends Page {
  static properties = { tree: { state: true }, folded: { state: true }, said: { state: true }, seen: { state: true } };

  get heading() {
    return 'System';
  }

  connectedCallback() {
    this.tree = null;
    this.folded = new Set();
    this.said = '';
    super.connectedCallback();
    this.until(subscribe(['actors'], (event, data) => {
      if (event === 'actors') {
        this.tree = data;
        this.seen = now();
      }
    }));
    this.every(5, () => this.reload({ quiet: true }));
  }

  async fetch(signal) {
    const [status, tree, plugins] = await Promise.all([
      call('status.show', {}, { signal }),
      call('actor.tree', {}, { signal }),
      call('plugin.list', {}, { signal }),
    ]);
    this.tree = tree;
    this.seen = now();
    return { status, plugins: plugins.items };
  }

  render() {
    if (!this.data) return this.problem ? failure(this.problem, () => this.reload()) : loading('the system');
    const { status, plugins } = this.data;
    return html`
      <div class="page-head">
        <h1>System</h1>
        ${status.ready ? plain('ok', 'ready') : plain('critical', 'not ready')}
        <span class="muted">version ${status.version} on ${status.host}</span>
      </div>
      ${this.problem ? failure(this.problem, () => this.reload()) : nothing}
      ${status.problems.map((problem) => html`<div class="notice warn"><div><strong>${problem.text}</strong> <code>${problem.code}</code>${problem.fix ? html`<div>Try: <code>${problem.fix}</code></div>` : nothing}</div></div>`)}
      ${this.figures(status)}
      <section class="card" aria-label="Actors">
        <header>
          <h2>Actors</h2>
          <span class="muted">who supervises whom, live${this.seen ? html`, ${clock(this.seen)}` : nothing}</span>
          <span class="visually-hidden" role="status">${this.said}</span>
          <div class="end">
            <button class="button small" type="button" @click=${() => (this.folded = new Set())}>Open all</button>
          </div>
        </header>
        ${this.tree ? this.actors() : loading('the actors')}
      </section>
      ${this.plugins(plugins)}
    `;
  }

  figures(s) {
    const figure = (label, value, note) => html`<div class="card kpi"><dt>${label}</dt><dd class="value">${value}</dd><dd class="delta">${note}</dd></div>`;
    return html`<dl class="kpis">
      ${figure('Up for', span(s.uptime), html`since ${when(s.started)}`)}
      ${figure('Events stored', number(s.events_total), s.last_event ? html`last ${when(s.last_event)}` : 'none yet')}
      ${figure('Journal lag', span(s.journal_lag), s.journal_stalled ? 'the disk does not take writes' : 'the journal keeps up')}
      ${figure('Actors', number(s.actors), `${number(s.restarts)} restarts so far`)}
      ${figure('Loop lag', `${s.loop_lag_ms.toFixed(1)} ms`, 'how late the event loop is')}
      ${figure('Memory', bytes(s.memory), `database ${bytes(s.database_size)}, ${bytes(s.disk_free)} free`)}
    </dl>`;
  }

  rows() {
    const rows = [];
    const walk = (node, depth) => {
      rows.push({ node, depth });
      if (!this.folded.has(node.path)) for (const child of node.children ?? []) walk(child, depth + 1);
    };
    walk(this.tree, 0);
    return rows;
  }

  actors() {
    const acting = can('actor.restart');
    return html`<div class="scroll" tabindex="0" role="region" aria-label="Tree of actors">
      <table class="tree">
        <thead>
          <tr>
            <th scope="col">Actor</th><th scope="col">State</th><th scope="col" class="number">Uptime</th><th scope="col" class="number">Restarts</th>
            <th scope="col" class="number">Mailbox</th><th scope="col" class="number">Handled</th><th scope="col">Last error</th>
            ${acting ? html`<th scope="col">Do</th>` : nothing}
          </tr>
        </thead>
        <tbody>${this.rows().map((row) => this.actor(row, acting))}</tbody>
      </table>
    </div>`;
  }

  actor({ node, depth }, acting) {
    const name = node.path.split('/').at(-1);
    const running = ['running', 'starting', 'backoff'].includes(node.state);
    const open = !this.folded.has(node.path);
    return html`<tr>
      <th scope="row">
        <span class="node">
          ${Array.from({ length: depth }, () => html`<span class="twig"></span>`)}
          ${node.children?.length
            ? html`<button class="fold" type="button" aria-expanded=${open ? 'true' : 'false'} aria-label="Below ${node.path}" @click=${() => this.fold(node.path)}>${icon('right')}</button>`
            : html`<span class="leaf"></span>`}
          <span title=${node.path}>${name}</span>
          ${['actor', 'worker'].includes(node.kind) ? nothing : html`<span class="chip">${node.kind}</span>`}
        </span>
      </th>
      <td>${state(node.state)}${node.busy_for > 1 ? html` <span class="badge medium">busy ${span(node.busy_for)}</span>` : nothing}</td>
      <td class="number">${running && node.uptime ? span(node.uptime) : '–'}</td>
      <td class="number">${number(node.restarts)}</td>
      <td class="number">${number(node.mailbox_depth)} <span class="muted">/ ${number(node.mailbox_high)}</span>${node.dropped ? html` <span class="badge high">${number(node.dropped)} dropped</span>` : nothing}</td>
      <td class="number">${number(node.handled)}</td>
      <td class="error">${node.last_error ? peer(node.last_error, 120) : nothing}</td>
      ${acting ? html`<td>${this.actions(node, running)}</td>` : nothing}
    </tr>`;
  }

  actions(node, running) {
    if (!node.path.includes('/')) return nothing; // the root is the daemon; systemd restarts that
    const button = (operation, label, symbol) => html`<button class="button small quiet" type="button" aria-label="${label} ${node.path}" @click=${() => this.act(operation, node)}>${icon(symbol)} ${label}</button>`;
    return running
      ? html`<span class="chips">${button('actor.restart', 'Restart', 'restart')}${button('actor.stop', 'Stop', 'stop')}</span>`
      : button('actor.start', 'Start', 'play');
  }

  fold(path) {
    const folded = new Set(this.folded);
    if (!folded.delete(path)) folded.add(path);
    this.folded = folded;
  }

  async act(operation, node) {
    const verb = operation.split('.')[1];
    const below = node.kind === 'supervisor' ? ' and everything below it' : '';
    const texts = {
      restart: `${node.path}${below} is stopped in order and started again. Sessions on it end.`,
      stop: `${node.path}${below} stops and stays stopped until somebody starts it. Sessions on it end, and nothing is recorded there meanwhile.`,
    };
    if (texts[verb] && !(await confirm({ title: `${verb === 'stop' ? 'Stop' : 'Restart'} ${node.path.split('/').at(-1)}?`, text: texts[verb], action: verb === 'stop' ? 'Stop it' : 'Restart it', danger: verb === 'stop' }))) return;
    try {
      const after = await call(operation, { path: node.path });
      this.said = `${node.path} is ${after.state}`;
    } catch (error) {
      this.problem = error;
      return;
    }
    this.reload({ quiet: true });
  }

  plugins(plugins) {
    return html`<section class="card" aria-label="Plugins">
      <header><h2>Plugins</h2><span class="muted">what can be chosen by name</span></header>
      ${table({
        label: 'Plugins',
        rows: plugins,
        key: (row) => row.id,
        columns: [
          { title: 'Plugin', header: true, tone: 'nowrap', cell: (row) => html`<span class="mono">${row.id}</span>` },
          { title: 'What it is', cell: (row) => row.summary },
          { title: 'Used', number: true, cell: (row) => number(row.used) },
          { title: 'Needs', cell: (row) => row.needs.join(', ') || html`<span class="muted">nothing</span>` },
          { title: 'State', cell: (row) => (row.error ? html`${state('failed')}<span class="sub">${row.error}</span>` : plain('ok', 'loads')) },
        ],
      })}
    </section>`;
  }
}
customElements.define('dn-system', System);
