import { ATTACK, type Finding, NOTE, UNUSUAL } from "./finding.ts";

const SENSITIVE = [
  "/etc/passwd",
  "/etc/shadow",
  "/etc/hosts",
  "/proc/self",
  "/windows/win.ini",
  "/windows/system32",
  "boot.ini",
  "/.ssh/",
  "/id_rsa",
  "/var/log/",
  "/root/",
  "web-inf/web.xml",
  "/etc/issue",
  "/.aws/credentials",
];
const WRAPPERS = ["php://", "file://", "phar://", "expect://", "zip://", "jar:file:", "gopher://", "dict://"];
const PROBES = [
  "/.env",
  "/.git/",
  "/.svn/",
  "/.hg/",
  "/.aws/",
  "/.ds_store",
  "/wp-login",
  "/wp-admin",
  "/xmlrpc.php",
  "/phpmyadmin",
  "/cgi-bin/",
  "/server-status",
  "/actuator/",
  "/.vscode/",
  "/phpinfo",
  "/boaform",
  "/hnap1",
  "/solr/admin",
  "/manager/html",
  "/vendor/phpunit",
  "/_ignition",
  "/autodiscover",
  "/jenkins/script",
  "/telescope",
  "/.htpasswd",
  "/config.php",
  "/web.config",
];
const AGENTS = [
  "sqlmap",
  "nikto",
  "nmap",
  "masscan",
  "zgrab",
  "nuclei",
  "gobuster",
  "dirbuster",
  "feroxbuster",
  "wpscan",
  "acunetix",
  "nessus",
  "openvas",
  "w3af",
  "havij",
  "arachni",
  "ffuf",
  "wfuzz",
  "whatweb",
  "joomscan",
  "commix",
  "jaeles",
  "netsparker",
];
const ENOUGH_STEPS = 2;

/** Steps upwards and files that only an attacker names. */
export function findTraversal(form: string, isProse: boolean): Finding | null {
  const path = form.includes("\\") ? form.replaceAll("\\", "/") : form;
  const steps = stepsUp(path);
  const names = path.includes("/")
    ? SENSITIVE.some((file) => path.includes(file))
    : path.includes("boot.ini");
  if (names && steps > 0) return found(ATTACK, "sensitive file by steps upwards");
  if (!isProse && (names || WRAPPERS.some((wrapper) => path.startsWith(wrapper))))
    return found(ATTACK, names ? "sensitive file" : "stream wrapper");
  if (steps === 0) return null;
  if (steps > ENOUGH_STEPS) return found(isProse ? NOTE : ATTACK, "many steps upwards");
  return found(NOTE, "steps upwards");
}

function found(score: number, reason: string): Finding {
  return { family: "path-traversal", score, reason };
}

/** `../`, also as `..;/` and `....//`, which some readers turn into it. */
function stepsUp(path: string): number {
  let steps = 0;
  for (let at = path.indexOf(".."); at >= 0; at = path.indexOf("..", at + 2)) {
    let end = at + 2;
    while (path.charAt(end) === ".") end += 1;
    const next = path.charAt(end);
    if (next === "/" || (next === ";" && path.charAt(end + 1) === "/")) steps += 1;
    at = end - 2;
  }
  return steps;
}

/** Addresses that only a scanner asks for. */
export function findProbe(path: string): Finding | null {
  const isProbe = PROBES.some((probe) => path.includes(probe));
  return isProbe ? { family: "scanner", score: UNUSUAL, reason: "probe path" } : null;
}

export function findScanner(agent: string): Finding | null {
  const isScanner = AGENTS.some((name) => agent.includes(name));
  return isScanner ? { family: "scanner", score: ATTACK, reason: "scanner user agent" } : null;
}
