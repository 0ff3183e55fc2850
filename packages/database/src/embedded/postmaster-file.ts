/** `postmaster.pid`, which a running server keeps in its data directory (PostgreSQL source: `miscadmin.h`, LOCK_FILE_LINE_*). */
export interface PostmasterFile {
  pid: number;
  dataDirectory: string;
  port: number;
  /** Empty until the server listens. */
  socketDirectory: string;
}

const MAX_PID = 2 ** 31 - 1;

/** Null for a file that was cut short or holds anything else. */
export function parsePostmasterFile(text: string): PostmasterFile | null {
  const [first = "", dataDirectory = "", , port = "", socketDirectory = ""] = text.split("\n", 5);
  if (!/^-?\d{1,10}$/.test(first)) return null;
  // Negative while a stand-alone backend (`postgres --single`) holds the directory.
  const pid = Math.abs(Number(first));
  if (pid < 1 || pid > MAX_PID) return null;
  return { pid, dataDirectory, port: Number(/^\d{1,5}$/.exec(port)?.[0] ?? 0), socketDirectory };
}
