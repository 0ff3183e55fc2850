/** Customers, whose mail, phone and address stand in envelopes: a copy of the table shows none of them. */
import type { Database, Queryable } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import { type Envelopes, encryptedField, fieldKinds, type PostalAddress } from "@rempart/keys";

export interface NewCustomer {
  readonly email: string;
  /** E.164. */
  readonly phone: string | null;
  readonly address: PostalAddress | null;
}

export interface Customer extends NewCustomer {
  readonly id: string;
  readonly createdAt: Date;
}

export interface Customers {
  /** Rejects with `KeysError` `invalid-field` for what is no address of a mail or no phone number. */
  add(customer: NewCustomer): Promise<string>;
  byEmail(email: string): Promise<Customer[]>;
}

interface CustomerPorts {
  readonly database: Database;
  readonly envelopes: Envelopes;
  /** At least 32 bytes: see `blindIndex` of `@rempart/keys`. */
  readonly indexKey: Uint8Array;
  readonly newId: () => Uuid;
}

interface Row {
  readonly id: string;
  readonly email: string;
  readonly phone: string | null;
  readonly address: string | null;
  readonly created_at: Date;
}

export function createCustomers({ database, envelopes, indexKey, newId }: CustomerPorts): Customers {
  const field = { envelopes, table: "customers" };
  const email = encryptedField({
    ...field,
    column: "email",
    kind: fieldKinds.email,
    index: { key: indexKey },
  });
  const phone = encryptedField({ ...field, column: "phone", kind: fieldKinds.phone });
  const address = encryptedField({ ...field, column: "address", kind: fieldKinds.address });

  async function open(row: Row): Promise<Customer> {
    return {
      id: row.id,
      email: await email.open(row.email, row.id),
      phone: row.phone && (await phone.open(row.phone, row.id)),
      address: row.address === null ? null : await address.open(row.address, row.id),
      createdAt: row.created_at,
    };
  }

  return {
    async add(customer) {
      const id = newId();
      const mail = await email.seal(customer.email, id);
      const call = customer.phone && (await phone.seal(customer.phone, id));
      const home = customer.address && (await address.seal(customer.address, id));
      await database.query(
        "INSERT INTO customers (id, email, email_index, phone, address) VALUES ($1, $2, $3, $4, $5)",
        [id, mail.envelope, mail.index, call ? call.envelope : null, home ? home.envelope : null],
      );
      return id;
    },
    async byEmail(wanted) {
      const found = await Promise.all((await rowsOf(database, email.indexOf(wanted))).map(open));
      // The index is short: different addresses share an entry.
      const normal = fieldKinds.email.searchKey(wanted);
      return found.filter((customer) => customer.email === normal);
    },
  };
}

function rowsOf(database: Queryable, index: string | null): Promise<Row[]> {
  return database.query<Row>(
    "SELECT id, email, phone, address, created_at FROM customers WHERE email_index = $1",
    [index],
  );
}
