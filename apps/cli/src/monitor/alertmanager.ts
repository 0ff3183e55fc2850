import { z } from "zod";
import { ask, askJson, under } from "../ask.ts";
import { type Finding, failed, type Judged, look, ok, some } from "../finding.ts";

const receiversAnswer = z.array(z.object({ name: z.string() }));

const START = "start Alertmanager, or name its address with --alertmanager";

export function alertmanager(base: URL): Promise<Finding> {
  return look("alertmanager", () => state(base), START);
}

async function state(base: URL): Promise<Judged> {
  const { status } = await ask(under(base, "-/ready"));
  if (status !== 200) return failed(`answers ${status}`, START);
  const receivers = receiversAnswer.parse(await askJson(base, "api/v2/receivers"));
  return ok(`ready; tells ${some(receivers.map(({ name }) => name))}`);
}
