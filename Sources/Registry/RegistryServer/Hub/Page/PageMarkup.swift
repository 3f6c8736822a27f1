// SPDX-License-Identifier: Apache-2.0

enum PageMarkup {
  static let text = #"""
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Hub</title>
    <link rel="icon" href="/hub/icon.svg">
    <link rel="stylesheet" href="/hub/app.css">
    <script src="/hub/app.js" defer></script>
    </head>
    <body>
    <a class="skip" href="#main">Skip to the content</a>
    <header class="top">
      <a class="brand" href="/" data-route>
        <img src="/hub/icon.svg" alt="" width="30" height="30"><span>Hull <b>Hub</b></span>
      </a>
      <label class="search">
        <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true"><circle cx="8.5" cy="8.5" r="5.5"/><path d="m13 13 4.5 4.5"/></svg>
        <input id="search" type="search" placeholder="Search repositories" aria-label="Search repositories" autocomplete="off" spellcheck="false">
        <kbd>/</kbd>
      </label>
      <nav>
        <span id="user"></span>
        <button id="theme" class="quiet" type="button" aria-label="Switch between light and dark">
          <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true"><circle cx="10" cy="10" r="7"/><path class="half" d="M10 3a7 7 0 0 1 0 14z"/></svg>
        </button>
      </nav>
    </header>
    <main id="main" tabindex="-1" aria-live="polite"></main>
    <div id="toast" role="status"></div>
    <noscript><p class="empty">This page needs JavaScript. The registry itself does not: <code>docker pull HOST/NAME:TAG</code>.</p></noscript>
    </body>
    </html>

    """#

  /// A hull with three containers on it.
  static let icon = #"""
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect x="6" y="11" width="6" height="6" rx="1.2" fill="#38bdf8"/>
    <rect x="13" y="11" width="6" height="6" rx="1.2" fill="#6366f1"/><rect x="13" y="4" width="6" height="6" rx="1.2" fill="#22d3ee"/>
    <rect x="20" y="11" width="6" height="6" rx="1.2" fill="#a78bfa"/><path d="M2.500 19h27c-1 5-4.600 9-9.600 9h-7.800c-5 0-8.600-4-9.600-9z" fill="#4f46e5"/></svg>
    """#
}
