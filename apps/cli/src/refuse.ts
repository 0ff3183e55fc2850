/** What was asked cannot be done: says why, and the exit code is 1. */
export function refuse(why: string): void {
  process.stderr.write(`${why}\n`);
  process.exitCode = 1;
}
