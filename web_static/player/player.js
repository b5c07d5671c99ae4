// Plays one recording, handed over by the page around this sandbox. There is no session and no origin in here.
'use strict';

(() => {
  const screen = () => document.getElementById('screen');
  addEventListener('message', (event) => {
    if (event.source !== parent || typeof event.data?.cast !== 'string') return;
    screen().replaceChildren();
    const start = Number.isFinite(event.data.start) && event.data.start > 0 ? Math.floor(event.data.start) : 0;
    try {
      AsciinemaPlayer.create({ data: event.data.cast }, screen(), {
        fit: 'both',
        idleTimeLimit: 2,
        preload: true,
        controls: true,
        poster: start ? `npt:${start}` : 'npt:0:01',
        startAt: start,
        theme: 'asciinema',
        terminalFontFamily: 'ui-monospace, Menlo, "DejaVu Sans Mono", "Liberation Mono", monospace',
      });
    } catch {
      const text = document.createElement('p');
      text.textContent = 'This recording cannot be played. Its commands are listed below.';
      screen().append(text);
    }
  });
  addEventListener('DOMContentLoaded', () => parent.postMessage('ready', '*'));
})();
