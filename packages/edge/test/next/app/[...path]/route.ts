/** The contract's questions, asked of a route handler: the test that shares this process says what it answers. */
type Handler = (request: Request, segment: unknown) => Promise<Response>;

const answer: Handler = (request, segment) =>
  (globalThis as unknown as { contractHandler: Handler }).contractHandler(request, segment);

export const dynamic = "force-dynamic";
export { answer as DELETE, answer as GET, answer as HEAD, answer as OPTIONS, answer as POST };
