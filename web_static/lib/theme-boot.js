// Runs before the first paint, so that a chosen theme does not flash.
(() => {
  'use strict';
  let theme = null;
  try {
    theme = localStorage.getItem('decnet.theme');
  } catch {
    // storage is blocked: the system's theme it is
  }
  if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;
})();
