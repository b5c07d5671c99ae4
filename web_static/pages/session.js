// One session: its replay, what was tried, typed and brought, in order.
import { html, nothing } from '../vendor/lit/index.js';
import { severity, state } from '../components/badge.js';
import { copyButton, drawer, json } from '../components/dialogs.js';
import { empty, failure, loading } from '../components/empty.js';
import { table } from '../components/table.js';
import { call } from '../lib/api.js';
import { attackerPath } from '../lib/attackers.js';
import { KINDS, level, sentence } from '../lib/facts.js';
import { subscribe } from '../lib/live.js';
import { Page } from '../lib/page.js';
import { href } from '../lib/router.js';
import { bytes, defanged, number, peer, textOf } from '../lib/text.js';
import { span, when } from '../lib/time.js';

class Session extends Page {
  static properties = { replay: { state: true }, replayProblem: { state: true } };

  get heading() {
    return this.data ? `Session from ${this.data.source}` : 'Session';
  }

  connectedCallback() {
    super.connectedCallback();
    this.changed = false;
    this.until(subscribe(['events'], (_, data) => data.session === this.parameters.id && (this.changed = true)));
    this.every(2, () => this.changed && this.reload({ quiet: true }));
    this.hear = (event) => this.fromPlayer(event);
    addEventListener('message', this.hear);
    this.until(() => removeEventListener('message', this.hear));
  }

  async fetch(signal) {
    this.changed = false;
    return call('session.show', { id: this.parameters.id }, { signal });
  }

  /** The sandbox has loaded; only then is the recording read, which leaves an audit record. */
  async fromPlayer(event) {
    const frame = this.querySelector('iframe.player');
    if (!frame || event.source !== frame.contentWindow || event.data !== 'ready') return;
    try {
      const replay = await call('session.replay', { id: this.parameters.id });
      // The sandbox's origin is opaque, so no target origin can be named; the window is ours.
      frame.contentWindow.postMessage({ cast: replay.lines.join('\n'), start: Number(this.query.at) || 0 }, '*');
      this.replay = replay;
    } catch (error) {
      this.replayProblem = error;
    }
  }

  render() {
    if (!this.data) return this.problem ? this.gone() : loading('the session');
    const s = this.data;
    return html`
      <div class="page-head">
        <h1><a class="plain" href=${attackerPath(s.source)}>${s.source}</a> on ${s.decky}</h1>
        <span class="chip">${s.service}</span>
        ${s.closed === null ? state('open') : state('closed')}
        <div class="end">
          ${copyButton(s.source, 'Copy address')}
          ${copyButton(defanged(s.source), 'Copy defanged')}
          <a class="button small" href=${href('/sessions', { source: s.source })}>All from this source</a>
        </div>
      </div>
      ${this.problem ? failure(this.problem, () => this.reload()) : nothing}
      <section class="card" aria-label="Facts">
        <div class="body"><dl class="facts">
          ${this.fact('Opened', when(s.opened, { style: 'full' }))}
          ${this.fact('Duration', s.closed === null ? 'still open' : span(s.duration))}
          ${this.fact('Ended', s.reason ?? '–')}
          ${this.fact('Logged in as', s.user ? peer(s.user) : 'nobody')}
          ${this.fact('Client', s.client ? peer(s.client) : 'not told')}
          ${this.fact('Source port', s.source_port)}
          ${this.fact('Bytes in / out', `${bytes(s.bytes_in)} / ${bytes(s.bytes_out)}`)}
          ${this.fact('Events', number(s.events))}
        </dl></div>
      </section>
      ${s.replayable ? this.player() : nothing}
      <div class="grid-2">
        ${this.timeline(s)}
        <div class="stack">${this.commands(s)} ${this.credentials(s)}</div>
      </div>
    `;
  }

  gone() {
    if (this.problem.status !== 404) return failure(this.problem, () => this.reload());
    return html`<div class="page-head"><h1>Not found</h1></div>${empty({ title: 'There is no such session', text: 'Its records may have been removed by retention.', symbol: 'sessions', action: html`<a class="button" href="/sessions">All sessions</a>` })}`;
  }

  fact(name, value) {
    return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
  }

  player() {
    return html`<section class="card" aria-label="Replay">
      <header>
        <h2>Replay</h2>
        <span class="muted">${this.replay ? html`${span(this.replay.duration)}${this.replay.truncated ? ', cut at the end' : ''}` : 'drawn in a sandbox without access to this console'}</span>
      </header>
      <div class="body">
        ${this.replayProblem ? failure(this.replayProblem) : nothing}
        <iframe class="player" sandbox="allow-scripts" src="/player/" title="Terminal replay"></iframe>
      </div>
    </section>`;
  }

  timeline(s) {
    return html`<section class="card" aria-label="Timeline">
      <header><h2>Timeline</h2><span class="muted">seconds from the start</span></header>
      <div class="body">
        <ol class="timeline">
          ${s.timeline.map((event) => html`<li class=${level(event)}>
            <span class="at">+${(event.time - s.opened).toFixed(1)} s</span>
            ${sentence(event)} ${['high', 'critical'].includes(level(event)) ? severity(level(event)) : nothing}
            <button class="more" type="button" aria-label="JSON of event ${event.seq}" @click=${() => this.open(event)}>JSON</button>
          </li>`)}
        </ol>
        ${s.truncated ? html`<p class="muted">There is more. <a href=${href('/live', { q: '', session: s.id })}>All events of this session</a></p>` : nothing}
      </div>
    </section>`;
  }

  commands(s) {
    const lines = s.timeline.filter((event) => event.kind === 'ShellCommandSeen' || event.kind === 'CommandSeen');
    const texts = lines.map((event) => (event.kind === 'ShellCommandSeen' ? event.fact.line : [event.fact.verb, ...event.fact.args.map(textOf)].join(' ')));
    return html`<section class="card" aria-label="Commands">
      <header><h2>Commands</h2><span class="muted">${number(s.commands)}</span><div class="end">${copyButton(texts.join('\n'), 'Copy all')}</div></header>
      <div class="body">
        ${lines.length ? html`<ol class="commands">${texts.map((text) => html`<li>${peer(text)}</li>`)}</ol>` : html`<p class="muted">No command was run.</p>`}
      </div>
    </section>`;
  }

  credentials(s) {
    return html`<section class="card" aria-label="Credentials">
      <header><h2>Credentials tried</h2><span class="muted">${number(s.credentials)}</span></header>
      ${s.uses.length
        ? table({
            label: 'Credentials tried in this session',
            rows: s.uses,
            key: (use) => use.credential,
            columns: [
              { title: 'User', header: true, cell: (use) => (use.user === null ? html`<span class="muted">none</span>` : peer(use.user, 60)) },
              { title: 'Secret', cell: (use) => html`<a class="plain" href=${href('/credentials', { secret: textOf(use.secret) })}>${peer(use.secret, 80)}</a>` },
              { title: 'Times', number: true, cell: (use) => number(use.count) },
              { title: 'Result', cell: (use) => state(use.accepted ? 'accepted' : 'refused') },
            ],
          })
        : html`<div class="body"><p class="muted">Nobody tried to log in.</p></div>`}
    </section>`;
  }

  open(event) {
    drawer(`Event ${event.seq}: ${KINDS[event.kind] ?? event.kind}`, html`<p>${sentence(event)}</p>${copyButton(JSON.stringify(event, null, 2), 'Copy JSON')}${json(event)}`);
  }
}
customElements.define('dn-session', Session);
