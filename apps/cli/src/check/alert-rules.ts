import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rehearse, SHIPPED_GROUPS } from "@rempart/observability";
import { toRuleFile } from "@rempart/observability/generators";
import type { CheckItem } from "./item.ts";
import { isMissing, run } from "./program.ts";

export const alertRules: CheckItem = {
  id: "alert-rules",
  title: "Alerts fire and resolve",
  target: "every rule in its own scenario; the generated file passes promtool",
  source: "rehearsed now, by the evaluator and, where it is installed, promtool",
  advice:
    "A rule below would stay silent, or never end: mend its expression or its scenario before anything else.",
  async look() {
    const rules = SHIPPED_GROUPS.flatMap(({ rules }) => rules);
    const broken = rules.flatMap((rule) => {
      const { firing, stillFiring } = rehearse(rule);
      if (firing.length === 0) return [`${rule.name} does not fire`];
      return stillFiring.length > 0 ? [`${rule.name} does not resolve`] : [];
    });
    const promtool = await checkFile(toRuleFile(SHIPPED_GROUPS));
    return {
      verdict: broken.length > 0 || promtool.refused ? "fail" : "pass",
      figure: `${rules.length - broken.length} of ${rules.length} fire and resolve; promtool ${promtool.words}`,
      details: broken,
    };
  },
};

async function checkFile(text: string): Promise<{ refused: boolean; words: string }> {
  const directory = await mkdtemp(join(tmpdir(), "rempart-rules-"));
  try {
    const path = join(directory, "rules.yml");
    await writeFile(path, text);
    const { code, error } = await run("promtool", ["check", "rules", path]);
    return code === 0
      ? { refused: false, words: "accepts the file" }
      : { refused: true, words: `refuses the file: ${error}` };
  } catch (error) {
    if (isMissing(error)) return { refused: false, words: "is not installed" };
    throw error;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
