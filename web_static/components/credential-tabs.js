// The tabs of the pages about credentials.
import { html, nothing } from '../vendor/lit/index.js';

export function credentialTabs(at) {
  const tab = (path, label) => html`<a href=${path} aria-current=${at === path ? 'page' : nothing}>${label}</a>`;
  return html`<nav class="segments tabs" aria-label="Credentials">${tab('/credentials', 'All')}${tab('/credentials/reuse', 'Reuse')}</nav>`;
}
