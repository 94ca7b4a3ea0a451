// How each proxy is started with the book's configuration, and what is known of it. Only addresses and paths are
// adapted, and what the page says about older versions.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { adapt, block, blocks } from "./book.mjs";

const NAMED = "A cookie that names the node";

/**
 * `servers`: how many stand behind it. `named`: whether the server's cookie chooses the node. `tellsOfLeaving`: whether the
 * server learns at once that a client has left while its GET waits. `start` writes the files and returns the command.
 */
export const PROXIES = [
  {
    name: "nginx",
    servers: 1,
    tellsOfLeaving: true,
    start: (place) => nginx(place, { "server 127.0.0.1:3000;": `server ${place.servers[0]};` }),
  },
  {
    name: "nginx",
    note: "two servers, ip_hash",
    servers: 2,
    tellsOfLeaving: true,
    start: (place) =>
      nginx(place, { "server 127.0.0.1:3000;": ["ip_hash;", ...place.servers.map((server) => `server ${server};`)].join(" ") }),
  },
  {
    name: "nginx",
    note: "two nodes, named by the server's cookie",
    servers: 2,
    named: true,
    tellsOfLeaving: true,
    start: (place) => {
      const [upstreams, location] = blocks("nginx", NAMED).map((part) => part.trimEnd());
      const [upstream] = block("nginx").match(/^upstream app {[^]*?^}/m);
      const pass = "proxy_pass http://app;\n        proxy_http_version 1.1;\n        proxy_set_header Upgrade";
      return nginx(place, {
        [upstream]: upstreams,
        [pass]: pass.replace("proxy_pass http://app;", location.trimStart()),
        ...twoOf(place.servers),
      });
    },
  },
  {
    name: "haproxy",
    note: "two servers, a cookie",
    servers: 2,
    tellsOfLeaving: true,
    start: (place) => haproxy(place, block("haproxy")),
  },
  {
    name: "haproxy",
    note: "two nodes, named by the server's cookie",
    servers: 2,
    named: true,
    tellsOfLeaving: true,
    start: (place) => haproxy(place, block("haproxy").replace(/^backend app\n[^]*/m, () => blocks("haproxy", NAMED)[0])),
  },
  {
    name: "caddy",
    servers: 1,
    tellsOfLeaving: true,
    start: (place) => caddy(place, adapt(block("caddy"), { "127.0.0.1:3000": place.servers[0] })),
  },
  {
    name: "caddy",
    note: "two nodes, named by the server's cookie",
    servers: 2,
    named: true,
    tellsOfLeaving: true,
    start: (place) => caddy(place, adapt(blocks("caddy", NAMED)[0], twoOf(place.servers))),
  },
  {
    name: "apache2",
    servers: 1,
    tellsOfLeaving: false,
    start: ({ folder, port, servers, certificate, key }) => {
      const host = adapt(block("apache"), {
        "*:443": `127.0.0.1:${port}`,
        "/etc/ssl/example.com.pem": certificate.path,
        "/etc/ssl/example.com.key": key.path,
        "127.0.0.1:3000": servers[0],
      });
      const modules = ["mpm_event", "authz_core", "ssl", "http2", "headers", "proxy", "proxy_http"];
      const lines = [
        `ServerRoot ${folder}`,
        `DefaultRuntimeDir ${folder}`,
        `PidFile ${folder}/pid`,
        "ErrorLog /dev/stderr",
        "User www-data",
        "Group www-data",
        "ServerName localhost",
        `Listen 127.0.0.1:${port}`,
        ...modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`),
        host,
      ];
      writeFileSync(join(folder, "apache.conf"), lines.join("\n"));
      return { command: ["apache2", "-f", join(folder, "apache.conf"), "-DFOREGROUND"] };
    },
  },
];

/** Installs what is missing, as root on Debian. */
export function install(names) {
  const missing = names.filter((name) => spawnSync("sh", ["-c", `command -v ${name}`]).status !== 0);
  if (missing.length === 0) return;
  if (process.getuid() !== 0) throw new Error(`install ${missing.join(", ")}, or run this as root on Debian`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  execFileSync("apt-get", ["update", "--quiet=2"], { env, stdio: "inherit" });
  const install = ["install", "--yes", "--quiet=2", "--no-install-recommends", ...missing];
  execFileSync("apt-get", install, { env, stdio: ["ignore", "ignore", "inherit"] });
}

function nginx({ folder, port, certificate, key }, server) {
  const old = isOlder(version("nginx", "-v"), [1, 25, 1]);
  const listen = old
    ? { "listen 443 ssl;\n    http2 on;": `listen 127.0.0.1:${port} ssl http2;` } // as the page says
    : { "listen 443 ssl;": `listen 127.0.0.1:${port} ssl;` };
  const config = adapt(block("nginx"), {
    ...listen,
    ...server,
    "/etc/ssl/example.com.pem": certificate.path,
    "/etc/ssl/example.com.key": key.path,
  });
  const http = ["access_log off;", ...["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((what) => `${what}_temp_path tmp;`), config];
  mkdirSync(join(folder, "tmp"), { mode: 0o777 });
  const lines = ["user root;", "daemon off;", `pid ${folder}/pid;`, "error_log stderr warn;", "events {}", "http {", ...http, "}"];
  writeFileSync(join(folder, "nginx.conf"), lines.join("\n"));
  return { command: ["nginx", "-p", folder, "-c", join(folder, "nginx.conf")] };
}

function haproxy({ folder, port, servers, certificate, key }, text) {
  writeFileSync(join(folder, "both.pem"), `${certificate.text}${key.text}`);
  const config = adapt(text, {
    "bind :443": `bind 127.0.0.1:${port}`,
    "/etc/ssl/example.com.pem": join(folder, "both.pem"),
    ...twoOf(servers),
  });
  writeFileSync(join(folder, "haproxy.cfg"), config);
  return { command: ["haproxy", "-db", "-f", join(folder, "haproxy.cfg")] };
}

function caddy({ folder, port, other }, site) {
  // As the page says.
  if (isOlder(version("caddy", "version"), [2, 7])) site = site.replaceAll(/.*stream_close_delay.*\n/g, "");
  const global = `{
    admin off
    auto_https disable_redirects
    local_certs
    skip_install_trust
    http_port ${other}
    https_port ${port}
  }\n`;
  writeFileSync(join(folder, "Caddyfile"), global + site);
  const env = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  return { command: ["caddy", "run", "--adapter", "caddyfile", "--config", join(folder, "Caddyfile")], env };
}

/** The addresses of the page, each with the one to use here. */
const twoOf = ([one, two]) => ({ "10.0.0.1:3000": one, "10.0.0.2:3000": two ?? one });

/** The first version number in what a program says of itself. */
export function version(program, argument) {
  const { stdout, stderr } = spawnSync(program, [argument], { encoding: "utf8" });
  return `${stdout}${stderr}`.match(/\d+(\.\d+)+/)[0].split(".").map(Number);
}

function isOlder(version, than) {
  const at = than.findIndex((part, i) => part !== (version[i] ?? 0));
  return at >= 0 && (version[at] ?? 0) < than[at];
}
