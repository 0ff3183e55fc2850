const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const HEARTBEAT_MS = 15_000;

/** One line per step: a spinner with the time on a terminal, plain lines elsewhere. */
export function createProgress(stream) {
  return stream.isTTY ? terminalProgress(stream) : plainProgress(stream);
}

function terminalProgress(stream) {
  return {
    note: (text) => stream.write(`  ${text}\n`),
    async step(label, work) {
      const started = Date.now();
      let frame = 0;
      const draw = (mark) => stream.write(`\r\x1b[2K${mark} ${label} ${elapsed(started)}`);
      const timer = setInterval(() => draw(FRAMES[frame++ % FRAMES.length]), 100);
      try {
        const value = await work();
        draw("✓");
        return value;
      } catch (error) {
        draw("✗");
        throw error;
      } finally {
        clearInterval(timer);
        stream.write("\n");
      }
    },
  };
}

function plainProgress(stream) {
  return {
    note: (text) => stream.write(`${text}\n`),
    async step(label, work) {
      const started = Date.now();
      stream.write(`${label} …\n`);
      const timer = setInterval(() => stream.write(`${label} … ${elapsed(started)}\n`), HEARTBEAT_MS);
      try {
        const value = await work();
        stream.write(`${label}: done in ${elapsed(started)}\n`);
        return value;
      } finally {
        clearInterval(timer);
      }
    },
  };
}

function elapsed(started) {
  return `${((Date.now() - started) / 1000).toFixed(1)} s`;
}
