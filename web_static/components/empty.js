// What stands where there is nothing yet, and where something failed: both say what to do next.
import { html, nothing } from '../vendor/lit/index.js';
import { icon } from './icons.js';

export function empty({ title, text, command = '', action = nothing, symbol = 'decoys' }) {
  return html`<div class="empty">
    ${icon(symbol)}
    <h2>${title}</h2>
    <p>${text}</p>
    ${command ? html`<pre tabindex="0" aria-label="Command to run"><code>${command}</code></pre>` : nothing}
    ${action}
  </div>`;
}

export function failure(problem, retry) {
  return html`<div class="notice bad" role="alert">
    <div>
      <strong>${problem.title ?? 'Something failed'}</strong> ${problem.message}
      ${(problem.errors ?? []).map((error) => html`<div>${error.pointer ? html`<code>${error.pointer}</code> ` : ''}${error.detail}</div>`)}
      ${problem.code || problem.requestId ? html`<div><code>${problem.code}${problem.requestId ? ` · request ${problem.requestId}` : ''}</code></div>` : nothing}
      ${problem.fix?.length ? html`<div>Try: ${problem.fix.map((fix) => html`<code>${fix}</code> `)}</div>` : nothing}
    </div>
    ${retry ? html`<button class="button small" type="button" @click=${retry}>Retry</button>` : nothing}
  </div>`;
}

export function loading(what) {
  return html`<div class="empty" role="status"><p>Loading ${what}…</p></div>`;
}
