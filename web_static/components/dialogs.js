// Dialogs: a drawer for the raw record, and a question before something is done that cannot be undone.
import { html, nothing, render } from '../vendor/lit/index.js';
import { block } from '../lib/text.js';
import { icon } from './icons.js';

function show(kind, label, content, { onClose } = {}) {
  const dialog = document.createElement('dialog');
  dialog.className = kind;
  dialog.setAttribute('aria-label', label);
  const close = (value) => dialog.close(value);
  render(content(close), dialog);
  dialog.addEventListener('close', () => {
    dialog.remove();
    onClose?.(dialog.returnValue);
  });
  // Beside the dialog, or on a link that leads away from it.
  dialog.addEventListener('click', (event) => (event.target === dialog || event.target.closest('a[href]')) && close(''));
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

export function drawer(title, content) {
  return show('drawer', title, (close) => html`<div class="inner">
    <div class="page-head">
      <h2>${title}</h2>
      <div class="end">
        <button class="button small" type="button" @click=${() => close('')}>${icon('close')} Close</button>
      </div>
    </div>
    ${content}
  </div>`);
}

/** Resolves to true when the operator means it. */
export function confirm({ title, text, action, danger = false }) {
  return new Promise((resolve) => {
    show('ask', title, (close) => html`<form method="dialog">
      <h2>${title}</h2>
      <p>${text}</p>
      <div class="actions">
        <button class="button" value="" autofocus>Cancel</button>
        <button class="button ${danger ? 'danger' : 'primary'}" type="button" @click=${() => close('yes')}>${action}</button>
      </div>
    </form>`, { onClose: (value) => resolve(value === 'yes') });
  });
}

export function tell(title, content) {
  return show('tell', title, (close) => html`<div class="inner">
    <h2>${title}</h2>
    ${content}
    <div class="actions"><button class="button primary" type="button" @click=${() => close('')}>Done</button></div>
  </div>`);
}

export function json(value) {
  return html`<pre class="json" tabindex="0" aria-label="Record as JSON"><code>${block(JSON.stringify(value, null, 2))}</code></pre>`;
}

export function copyButton(text, label = 'Copy') {
  const copy = async (event) => {
    const button = event.currentTarget;
    await navigator.clipboard?.writeText(text).catch(() => {});
    button.querySelector('span').textContent = 'Copied';
  };
  return text ? html`<button class="button small" type="button" @click=${copy}>${icon('copy')} <span role="status">${label}</span></button>` : nothing;
}
