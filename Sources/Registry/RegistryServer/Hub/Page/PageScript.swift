// SPDX-License-Identifier: Apache-2.0

/// Elements, words, requests and routes. Text from images is only ever set as text.
enum PageScript {
  static let text = #"""
    "use strict";
    const main = document.getElementById("main"), search = document.getElementById("search"), toast = document.getElementById("toast");

    // h("p", {class: "x", onclick: f}, "text", element…): an element. Strings become text, never markup.
    function h(name, attributes, ...children) {
      const element = document.createElement(name);
      for (const [key, value] of Object.entries(attributes || {})) {
        if (value === undefined || value === null || value === false) continue;
        if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
        else element.setAttribute(key, value === true ? "" : value);
      }
      element.append(...children.flat(9).filter(child => child !== null && child !== undefined && child !== false));
      return element;
    }

    function icon(path) {
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      for (const [key, value] of [["viewBox", "0 0 20 20"], ["width", 16], ["height", 16], ["aria-hidden", "true"]]) svg.setAttribute(key, value);
      const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
      shape.setAttribute("d", path);
      svg.append(shape);
      return svg;
    }
    const copyIcon = () => icon("M7 7V4.500A1.500 1.500 0 0 1 8.500 3h7A1.500 1.500 0 0 1 17 4.500v7a1.500 1.500 0 0 1-1.500 1.500H13M4.500 7h7A1.500 1.500 0 0 1 13 8.500v7a1.500 1.500 0 0 1-1.500 1.500h-7A1.500 1.500 0 0 1 3 15.500v-7A1.500 1.500 0 0 1 4.500 7z");

    function size(bytes) {
      if (bytes === undefined || bytes === null) return "";
      const units = ["B", "kB", "MB", "GB", "TB"];
      let unit = 0;
      while (bytes >= 999.5 && unit < 4) { bytes /= 1000; unit++; }
      return `${unit && bytes < 99.95 ? bytes.toFixed(1) : Math.round(bytes)} ${units[unit]}`;
    }

    function ago(seconds) {
      if (!seconds) return "";
      const past = Math.max(0, Date.now() / 1000 - seconds);
      for (const [name, length] of [["year", 31557600], ["month", 2629800], ["day", 86400], ["hour", 3600], ["minute", 60]]) {
        const count = Math.floor(past / length);
        if (count) return `${count} ${name}${count > 1 ? "s" : ""} ago`;
      }
      return "just now";
    }
    const when = seconds => seconds ? h("time", {datetime: new Date(seconds * 1000).toISOString(), title: new Date(seconds * 1000).toLocaleString()}, ago(seconds)) : "";
    const short = digest => digest.replace(/^(sha\d+):(.{12}).*/, "$1:$2");
    const path = name => name.split("/").map(encodeURIComponent).join("/");

    async function ask(url) {
      const response = await fetch(url, {headers: {Accept: "application/json"}});
      const body = await response.json().catch(() => ({}));
      if (!response.ok) throw new Error(body.errors?.[0]?.message || `the registry answers ${response.status}`);
      return body;
    }

    async function copy(text, button) {
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        // Without a secure context there is no clipboard: the old way.
        const field = h("textarea", {readonly: true, class: "skip"});
        field.value = text;
        document.body.append(field);
        field.select();
        document.execCommand("copy");
        field.remove();
        button?.focus();
      }
      button?.classList.add("done");
      setTimeout(() => button?.classList.remove("done"), 1500);
      toast.textContent = "Copied";
      toast.classList.add("shown");
      setTimeout(() => toast.classList.remove("shown"), 1500);
    }
    const copyButton = text => h("button", {type: "button", class: "mini", title: "Copy", "aria-label": `Copy ${text}`, onclick: event => copy(text, event.currentTarget)}, copyIcon());

    // Routes: / · /r/NAME · /r/NAME:TAG · /r/NAME@DIGEST
    function place() {
      const at = decodeURIComponent(location.pathname);
      if (!at.startsWith("/r/")) return {};
      const [, name, reference] = at.slice(3).match(/^([^:@]*)(?:[:@](.*))?$/) || [];
      return {name, reference};
    }
    const linkTo = (name, reference) => `/r/${path(name)}${reference ? (reference.includes(":") ? "@" : ":") + encodeURIComponent(reference) : ""}`;

    function go(url, replace) {
      history[replace ? "replaceState" : "pushState"](null, "", url);
      render();
    }

    let turn = 0;
    async function render() {
      const mine = ++turn, {name, reference} = place();
      const query = new URLSearchParams(location.search).get("q") || "";
      if (document.activeElement !== search) search.value = query;
      document.title = name ? `${name}${reference ? ":" + reference : ""} · Hub` : "Hub";
      try {
        const view = !name ? await listView(query) : reference ? await imageView(name, reference) : await repositoryView(name);
        if (mine !== turn) return;
        main.replaceChildren(...view.flat(9).filter(Boolean));
      } catch (error) {
        if (mine !== turn) return;
        main.replaceChildren(h("div", {class: "empty"}, h("b", {}, "That did not work"), error.message, h("p", {}, h("a", {href: "/hub/login"}, "Log in"), " · ", h("a", {href: "/", "data-route": true}, "All repositories"))));
      }
      if (name) scrollTo(0, 0);
    }

    document.addEventListener("click", event => {
      const link = event.target.closest("a[data-route]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      go(link.getAttribute("href"));
      main.focus({preventScroll: true});
    });
    addEventListener("popstate", render);

    let typing;
    search.addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(() => go(search.value ? `/?q=${encodeURIComponent(search.value)}` : "/", !place().name), 120);
    });
    document.addEventListener("keydown", event => {
      const typing = /^(INPUT|TEXTAREA)$/.test(document.activeElement?.tagName);
      if (event.key === "/" && !typing) { event.preventDefault(); search.focus(); search.select(); }
      if (event.key === "Escape" && document.activeElement === search) { search.value = ""; search.dispatchEvent(new Event("input")); }
      const items = [...document.querySelectorAll("[data-item]")];
      if (!items.length) return;
      const now = items.indexOf(document.activeElement);
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        const next = now < 0 ? 0 : now + (event.key === "ArrowDown" ? 1 : -1);
        event.preventDefault();
        (items[next] || (next < 0 ? search : items[now])).focus();
      } else if (event.key === "Enter" && document.activeElement === search) {
        items[0].click();
      }
    });

    const root = document.documentElement;
    try { root.dataset.theme = localStorage.getItem("theme") || ""; } catch {}
    document.getElementById("theme").addEventListener("click", () => {
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      try { localStorage.setItem("theme", root.dataset.theme); } catch {}
    });

    """#
}
