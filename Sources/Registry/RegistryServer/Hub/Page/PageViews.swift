// SPDX-License-Identifier: Apache-2.0

/// What the page shows: the list, a repository, an image.
enum PageViews {
  static let text = #"""

    function marked(text, query) {
      const words = query.toLowerCase().split(/\s+/).filter(Boolean), parts = [];
      let rest = text;
      while (rest) {
        const found = words.map(word => [rest.toLowerCase().indexOf(word), word.length]).filter(([at]) => at >= 0).sort((a, b) => a[0] - b[0])[0];
        if (!found) break;
        parts.push(rest.slice(0, found[0]), h("mark", {}, rest.slice(found[0], found[0] + found[1])));
        rest = rest.slice(found[0] + found[1]);
      }
      return [...parts, rest];
    }

    const chips = (platforms, most = 3) => [platforms.slice(0, most).map(name => h("span", {class: "chip"}, name)), platforms.length > most && h("span", {class: "chip"}, `+${platforms.length - most}`)];

    async function listView(query) {
      const {total, entries} = await ask(`/hub/api/repositories?n=100&q=${encodeURIComponent(query)}`);
      if (!total) return [h("div", {class: "empty"}, h("b", {}, query ? `Nothing matches “${query}”` : "Nothing here yet"),
        query ? "Names and descriptions are searched, all words must be there." : ["Push an image: ", h("code", {}, `docker push ${location.host}/NAME:TAG`)])];
      const grid = h("div", {class: "cards"}, entries.map(card));
      function card(entry) {
        return h("a", {class: "card panel", href: linkTo(entry.name), "data-route": true, "data-item": true},
          h("strong", {}, marked(entry.name, query)), h("p", {}, entry.description ? marked(entry.description, query) : "No description"),
          h("div", {class: "meta"}, chips(entry.platforms, 2), h("span", {}, `${entry.tags} tag${entry.tags === 1 ? "" : "s"}`), h("span", {}, size(entry.size)), when(entry.updated)));
      }
      const more = h("p", {class: "empty"}, h("button", {class: "copy", type: "button", onclick: async () => {
        const page = await ask(`/hub/api/repositories?n=100&from=${grid.children.length}&q=${encodeURIComponent(query)}`);
        grid.append(...page.entries.map(card));
        if (grid.children.length >= page.total) more.remove();
      }}, "Show more"));
      return [h("div", {class: "row"}, h("h1", {}, query ? "Results" : "Repositories"), h("span", {class: "lead"}, `${total} ${total === 1 ? "repository" : "repositories"}`)), grid, total > entries.length && more];
    }

    function crumbs(name, reference) {
      return h("div", {class: "crumbs"}, h("a", {href: "/", "data-route": true}, "Repositories"), h("span", {}, "/"),
        reference ? h("a", {href: linkTo(name), "data-route": true}, name) : name, reference && [h("span", {}, "/"), reference.includes(":") ? short(reference) : reference]);
    }

    function pullBox(name, reference, digest) {
      const image = `${location.host}/${name}${reference ? (reference.includes(":") ? "@" : ":") + reference : ""}`;
      const commands = {docker: `docker pull ${image}`, hull: `hull pull ${image}`, podman: `podman pull ${image}`, skopeo: `skopeo copy docker://${image} oci:${name.split("/").pop()}`};
      if (digest) commands["by digest"] = `docker pull ${location.host}/${name}@${digest}`;
      const code = h("code", {id: "command", tabindex: 0}), box = h("div", {class: "tabs", role: "tablist", "aria-label": "Tool to pull with"});
      function choose(tool) {
        code.textContent = commands[tool];
        for (const tab of box.children) tab.setAttribute("aria-selected", tab.textContent === tool);
      }
      box.append(...Object.keys(commands).map(tool => h("button", {type: "button", role: "tab", onclick: () => choose(tool)}, tool)));
      choose("docker");
      const button = h("button", {type: "button", class: "copy", id: "copy", onclick: () => copy(code.textContent, button)}, copyIcon(), "Copy");
      return h("section", {class: "pull panel", "aria-label": "Command to pull"}, box, h("div", {class: "command"}, code, button));
    }

    async function repositoryView(name) {
      const {entries} = await ask(`/hub/api/repositories/${path(name)}/_tags`);
      const rows = entries.map(entry => h("tr", {},
        h("td", {}, h("a", {class: "tag", href: linkTo(name, entry.tag), "data-route": true, "data-item": true}, entry.tag)),
        h("td", {class: "hide"}, h("code", {title: entry.digest}, short(entry.digest)), copyButton(entry.digest)),
        h("td", {class: "hide"}, h("div", {class: "meta"}, chips(entry.platforms))), h("td", {class: "num"}, size(entry.size)), h("td", {class: "num"}, when(entry.updated))));
      const about = entries[0] && await ask(`/hub/api/repositories/${path(name)}/_tags/${encodeURIComponent(entries[0].tag)}`).catch(() => null);
      return [crumbs(name), h("h1", {}, name), about?.description && h("p", {class: "lead"}, about.description), entries[0] && pullBox(name, entries[0].tag),
        h("h2", {}, "Tags ", h("small", {}, entries.length)),
        entries.length ? h("div", {class: "panel"}, h("table", {}, h("thead", {}, h("tr", {}, h("th", {}, "Tag"), h("th", {class: "hide"}, "Digest"), h("th", {class: "hide"}, "Platforms"), h("th", {class: "num"}, "Size"), h("th", {class: "num"}, "Pushed"))), h("tbody", {}, rows)))
          : h("div", {class: "empty panel"}, "No tags")];
    }

    async function imageView(name, reference) {
      const image = await ask(`/hub/api/repositories/${path(name)}/_tags/${encodeURIComponent(reference)}`);
      const body = h("div", {}), tabs = h("div", {class: "tabs", role: "tablist", "aria-label": "Platform"});
      function choose(index) {
        [...tabs.children].forEach((tab, at) => tab.setAttribute("aria-selected", at === index));
        body.replaceChildren(...variantView(image.variants[index]));
      }
      tabs.append(...image.variants.map((variant, index) => h("button", {type: "button", role: "tab", onclick: () => choose(index)}, variant.platform || "unknown")));
      if (image.variants.length) choose(0);
      return [crumbs(name, reference), h("h1", {}, name, reference.includes(":") ? "" : h("span", {}, ":" + reference)), image.description && h("p", {class: "lead"}, image.description),
        pullBox(name, reference, image.digest), h("dl", {class: "facts panel"}, fact("Digest", h("span", {class: "mono"}, image.digest, copyButton(image.digest)), "wide")),
        image.variants.length > 1 && [h("h2", {}, "Platforms ", h("small", {}, image.variants.length)), tabs], body, referrers(image.referrers)];
    }

    const fact = (name, value, kind) => value && value.length !== 0 && h("div", {class: kind}, h("dt", {}, name), h("dd", {}, value));
    const list = values => values.map((value, index) => [index ? ", " : "", h("code", {}, value)]);

    function variantView(variant) {
      const labels = Object.entries(variant.labels);
      return [h("dl", {class: "facts panel"},
          fact("Size", h("span", {class: "big"}, size(variant.size))), fact("Platform", h("span", {class: "big"}, variant.platform)),
          fact("Layers", h("span", {class: "big"}, String(variant.layers.filter(layer => layer.digest).length))), fact("Created", variant.created && when(Date.parse(variant.created) / 1000)),
          fact("Entrypoint", variant.entrypoint.length && h("code", {}, variant.entrypoint.join(" "))), fact("Command", variant.command.length && h("code", {}, variant.command.join(" "))),
          fact("Working directory", variant.workingDirectory && h("code", {}, variant.workingDirectory)), fact("User", variant.user && h("code", {}, variant.user)),
          fact("Ports", list(variant.ports)), fact("Volumes", list(variant.volumes)), fact("Environment", list(variant.environment)),
          labels.length > 0 && fact("Labels", labels.map(([key, value]) => h("div", {class: "label"}, h("code", {}, key), h("span", {}, value))), "wide")),
        h("h2", {}, "Layers ", h("small", {}, size(variant.layers.reduce((sum, layer) => sum + layer.size, 0)))), layerList(variant.layers)];
    }

    function layerList(layers) {
      const largest = Math.max(1, ...layers.map(layer => layer.size));
      return h("ol", {class: "layers panel"}, layers.map((layer, index) => {
        const fill = h("i", {});
        fill.style.width = `${100 * layer.size / largest}%`;
        return h("li", {}, h("span", {class: "n"}, index + 1), h("code", {class: "what"}, instruction(layer.instruction)),
          layer.digest ? h("span", {class: "size"}, size(layer.size)) : h("span", {class: "size none"}, "no layer"),
          layer.digest && h("div", {class: "bar"}, fill), layer.digest && h("span", {class: "id mono"}, short(layer.digest), copyButton(layer.digest)));
      }));
    }

    // What BuildKit and the older builder write, as it stood in the Dockerfile.
    function instruction(text) {
      if (!text) return h("span", {class: "none"}, "unknown instruction");
      let shown = text.replace(/^\/bin\/sh -c #\(nop\)\s*/, "").replace(/^\/bin\/sh -c /, "RUN ").replace(/^RUN \/bin\/sh -c /, "RUN ").replace(/ # buildkit$/, "").replace(/\t+/g, " ");
      const word = shown.match(/^[A-Z]+(?= )/)?.[0] || "";
      return [h("b", {}, word), shown.slice(word.length)];
    }

    function referrers(entries) {
      if (!entries.length) return null;
      return [h("h2", {}, "Attached ", h("small", {}, "signatures, bills of materials and other artifacts")), h("div", {class: "panel"}, h("table", {}, h("tbody", {}, entries.map(entry =>
        h("tr", {}, h("td", {}, entry.artifactType || "artifact"), h("td", {}, h("code", {}, short(entry.digest)), copyButton(entry.digest)), h("td", {class: "num"}, size(entry.size)))))))];
    }

    ask("/hub/api/info").then(info => {
      const user = document.getElementById("user");
      if (info.user) user.textContent = info.user;
      else if (info.login) user.append(h("a", {href: "/hub/login"}, "Log in"));
    }).catch(() => {});
    render();

    """#
}
