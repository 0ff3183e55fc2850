import { EDGE_PROBLEMS, type Problem } from "@rempart/edge";

/** Every refusal of the shop itself. */
export const PROBLEMS = {
  unauthorized: { status: 401, code: "unauthorized", title: "A key is required" },
  notFound: EDGE_PROBLEMS.notFound,
  unknownProduct: { status: 422, code: "unknown-product", title: "There is no such product" },
  unknownCustomer: { status: 422, code: "unknown-customer", title: "There is no such customer" },
  outOfStock: { status: 409, code: "out-of-stock", title: "There is not enough of it in this warehouse" },
  badContact: {
    status: 422,
    code: "bad-contact",
    title: "An address of a mail, or a phone number with + and its country, is expected",
  },
  badSignature: { status: 400, code: "bad-signature", title: "This event is not signed by Stripe" },
} as const satisfies Record<string, Problem>;
