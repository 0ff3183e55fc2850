// @ts-check
/**
 * What PostgreSQL runs as `archive_command` and `restore_command`: asks the process that holds the key and the repository, over
 * its socket, and ends with the exit code that it answers. Started for every segment, so it is plain JavaScript and imports
 * one module. Without an answer it ends with `silence`: archiving fails and is tried again, a restore stops.
 *
 *     node client.mjs <socket> <silence> archive <name>      or      restore <name> <path>
 */
import { connect } from "node:net";

const [, , path = "", silence = "1", ...request] = process.argv;
process.exitCode = Number(silence);

const socket = connect(path);
socket.setEncoding("utf8");
socket.on("error", () => {});
socket.on("connect", () => socket.end(`${request.join("\t")}\n`));

let answer = "";
socket.on("data", (text) => {
  answer = (answer + text).slice(0, 8);
});
socket.on("close", () => {
  const [, code] = /^(\d{1,3})\n$/.exec(answer) ?? [];
  if (code !== undefined) process.exitCode = Number(code);
});
