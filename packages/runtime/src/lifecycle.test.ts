import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import fc from "fast-check";
import { RuntimeError } from "./errors.ts";
import { type Component, createLifecycle, run } from "./lifecycle.ts";

afterEach(() => {
  process.exitCode = 0;
});

/** Components that write down what happens to them. */
function recorder() {
  const events: string[] = [];
  const component = (name: string, changes: Partial<Component> = {}): Component => ({
    name,
    async start() {
      events.push(`start ${name}`);
    },
    async stop() {
      events.push(`stop ${name}`);
    },
    ...changes,
  });
  return { events, component };
}

const never = (): Promise<void> => new Promise(() => {});

test("components start in order and stop in reverse, once", async () => {
  const { events, component } = recorder();
  const lifecycle = createLifecycle({ components: [component("a"), component("b"), component("c")] });
  await lifecycle.start();
  assert.equal(lifecycle.state, "running");
  await Promise.all([lifecycle.stop(), lifecycle.stop(), lifecycle[Symbol.asyncDispose]()]);
  assert.equal(lifecycle.state, "stopped");
  assert.deepEqual(events, ["start a", "start b", "start c", "stop c", "stop b", "stop a"]);
  await assert.rejects(lifecycle.start(), TypeError);
});

test("whichever component fails to start, exactly those before it are stopped, in reverse", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.nat(5), async (count, failing) => {
      fc.pre(failing < count);
      const { events, component } = recorder();
      const components = Array.from({ length: count }, (_, index) =>
        component(String(index), index === failing ? { start: () => Promise.reject(new Error("no")) } : {}),
      );
      await assert.rejects(createLifecycle({ components }).start(), (error: unknown) => {
        assert.ok(error instanceof RuntimeError && error.code === "start-failed");
        assert.equal(error.details.component, String(failing));
        return true;
      });
      const stopped = events.filter((event) => event.startsWith("stop"));
      assert.deepEqual(
        stopped,
        Array.from({ length: failing }, (_, index) => `stop ${failing - 1 - index}`),
      );
    }),
  );
});

test("told to stop while starting: the component hears it, what had started is stopped", async () => {
  const { events, component } = recorder();
  const controller = new AbortController();
  const slow: Partial<Component> = {
    start: (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        controller.abort(new Error("SIGINT"));
      }),
  };
  const lifecycle = createLifecycle({ components: [component("a"), component("b", slow), component("c")] });
  await assert.rejects(lifecycle.start(controller.signal), { code: "start-aborted" });
  assert.deepEqual(events, ["start a", "stop a"]);
});

test("one that fails to stop does not keep the others from stopping", async () => {
  const { events, component } = recorder();
  const components = [
    component("a"),
    component("b", { stop: () => Promise.reject(new Error("jammed")) }),
    component("c"),
  ];
  const lifecycle = createLifecycle({ components });
  await lifecycle.start();
  await assert.rejects(lifecycle.stop(), { code: "stop-failed", message: "Failed to stop: b" });
  assert.deepEqual(events.slice(3), ["stop c", "stop a"]);
});

test("one that never stops is given up at the deadline, and those under it are still stopped", async () => {
  const { events, component } = recorder();
  const components = [component("a"), component("b"), component("stuck", { stop: never })];
  const lifecycle = createLifecycle({ components, stopDeadlineMs: 20 });
  await lifecycle.start();
  await assert.rejects(lifecycle.stop(), (error: unknown) => {
    assert.ok(error instanceof RuntimeError && error.code === "stop-deadline");
    assert.deepEqual(error.details.late, ["stuck"]);
    return true;
  });
  assert.deepEqual(events.slice(3), ["stop b", "stop a"]);
});

test("run stops everything when told and resolves", async () => {
  const { events, component } = recorder();
  const controller = new AbortController();
  const last = component("b", {
    start: async () => {
      setImmediate(() => controller.abort());
    },
  });
  await run({ components: [component("a"), last], signal: controller.signal });
  assert.deepEqual(events, ["start a", "stop b", "stop a"]);
  assert.ok(!process.exitCode);
});

test("run treats being told to stop while starting as a clean end", async () => {
  const { events, component } = recorder();
  await run({ components: [component("a")], signal: AbortSignal.abort() });
  assert.deepEqual(events, []);
  assert.ok(!process.exitCode);
});

test("run ends with exit code 1 when a component ends by itself, having stopped the rest", async () => {
  const { events, component } = recorder();
  const dying = component("database", { ended: Promise.resolve(new Error("kept crashing")) });
  const running = run({ components: [dying, component("server")], signal: new AbortController().signal });
  await assert.rejects(running, { code: "component-ended", message: "database ended by itself" });
  assert.equal(process.exitCode, 1);
  assert.deepEqual(events.slice(2), ["stop server", "stop database"]);
});

test("run ends with exit code 1 when a start fails", async () => {
  const { component } = recorder();
  const failing = component("server", { start: () => Promise.reject(new Error("port taken")) });
  await assert.rejects(run({ components: [failing], signal: new AbortController().signal }), {
    code: "start-failed",
  });
  assert.equal(process.exitCode, 1);
});
