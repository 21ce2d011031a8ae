/** Statements by PostgreSQL's grammar, at random by a seed: reads, writes, and writes dressed as reads. */

/** One function of the server, with the names of its parameters' types. */
export interface Callable {
  readonly name: string;
  readonly types: readonly string[];
}

/** mulberry32: the same numbers everywhere for one seed. */
const randomOf = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
};

const tables: Readonly<Record<string, readonly string[]>> = {
  'app.orders': ['id', 'customer_id', 'total', 'status'],
  'app.products': ['id', 'title', 'price'],
  'app.customers': ['id', 'name', 'balance', 'notes'],
  'app.payroll': ['id', 'salary'],
  'app.marker': ['v'],
  'app.v_staff': ['id', 'n'],
};

const literals: Readonly<Record<string, readonly string[]>> = {
  text: ["'x'", "'app.orders'", "'select 1'", "'delete from app.orders returning 1'"],
  regclass: ["'app.orders'::regclass", "'app.seq1'::regclass"],
  oid: ['424242::oid', "'app.orders'::regclass::oid"],
  bool: ['true', 'false'],
};

const depthMax = 3;

export class Generator {
  readonly #random: () => number;

  constructor(
    seed: number,
    private readonly functions: readonly Callable[],
  ) {
    this.#random = randomOf(seed);
  }

  #one<T>(of: readonly T[]): T {
    return of[Math.floor(this.#random() * of.length)]!;
  }

  #chance(of: number): boolean {
    return this.#random() < of;
  }

  #literal(type: string): string {
    const known = literals[type];
    if (known !== undefined) return this.#one(known);
    if (this.#chance(0.2)) return `null::${type}`;
    return /^(int|float|numeric)/.test(type) ? `${this.#one(['0', '1', '-1', '7'])}::${type}` : `'1'::${type}`;
  }

  #call(depth: number): string {
    const { name, types } = this.#one(this.functions);
    return `${name}(${types.map((type) => this.#argument(type, depth + 1)).join(', ')})`;
  }

  #argument(type: string, depth: number): string {
    return this.#chance(0.15) && depth < depthMax ? `(${this.#call(depth)})::text::${type}` : this.#literal(type);
  }

  #expression(columns: readonly string[], depth: number): string {
    const shallow = depth >= depthMax;
    const forms: (() => string)[] = [
      () => this.#one(columns),
      () => this.#literal('text'),
      ...(shallow
        ? []
        : [
            () => this.#call(depth),
            () => this.#call(depth),
            () => `(${this.#query(depth + 1)} limit 1)`,
            () => `case when ${this.#condition(columns, depth + 1)} then 1 else 2 end`,
            () => `array(${this.#query(depth + 1)})`,
            () => `coalesce(${this.#one(columns)}::text, 'x')`,
          ]),
    ];
    return this.#one(forms)();
  }

  #condition(columns: readonly string[], depth: number): string {
    const [one, other] = [this.#one(columns), this.#expression(columns, depth + 1)];
    return this.#one([`${one} is not null`, `${one}::text = (${other})::text`, `exists (${this.#query(depth + 1)})`]);
  }

  #query(depth: number): string {
    const [table, columns] = this.#one(Object.entries(tables));
    if (this.#chance(0.15)) return `select ${this.#call(depth)}`;
    if (this.#chance(0.1) && depth < depthMax) return `select 1 from ${this.#call(depth)}`;
    const from = this.#chance(0.2) ? `${table} tablesample system (100)` : table;
    const where = this.#chance(0.5) && depth < depthMax ? ` where ${this.#condition(columns, depth)}` : '';
    return `select ${this.#expression(columns, depth)} from ${from}${where}`;
  }

  #change(): string {
    const [table, columns] = this.#one(Object.entries(tables));
    const column = this.#one(columns);
    return this.#one([
      `update ${table} set ${column} = ${column}${this.#chance(0.5) ? ' where true' : ''}`,
      `delete from ${table}${this.#chance(0.5) ? ` where ${column} is not null` : ''}`,
      `insert into ${table} select * from ${table} on conflict do nothing`,
      `insert into app.marker values ('x')`,
      `merge into app.orders o using app.products p on o.id = p.id when matched then update set status = 'y'`,
    ]);
  }

  #wrapped(): string {
    const [table] = this.#one(Object.entries(tables));
    const query = this.#query(1);
    return this.#one([
      () => `with w as (${this.#change()} returning 1) ${query}`,
      () =>
        `with recursive w(n) as (select 1 union all select n + 1 from w where n < 3) select n, (${query} limit 1) from w`,
      () => `explain ${this.#chance(0.5) ? 'analyze ' : ''}${this.#chance(0.5) ? query : this.#change()}`,
      () => `explain (analyze ${this.#one(['on', 'off', 'true', '0'])}, costs off) ${this.#change()}`,
      () => `prepare p as ${this.#change()}; execute p; deallocate p`,
      () => `declare c cursor for ${query}; fetch all c`,
      () => `copy (${query}) to stdout`,
      () => `copy (${this.#change()} returning 1) to stdout`,
      () => `copy ${table} from stdin`,
      () => `select * into app.made from ${table}`,
      () => `create table app.made as ${query}`,
      () => `create temp table made as ${query}`,
      () => `${query} ${this.#one(['for update', 'for share', 'for no key update'])}`,
      () => `do $$ begin ${this.#change()}; end $$`,
      () => `select 1; ${this.#change()}`,
      () => `begin read write; ${this.#change()}; commit`,
      () => `call app.p_purge()`,
      () => `lock table ${table}`,
      () => `select ${this.#one(['app.f_purge()', "nextval('app.seq1')", "app.f_exec('delete from app.orders')"])}`,
      () => `values ((${query} limit 1))`,
      () => `table ${table}`,
      () => `(${query}) union all (${this.#query(1)})`,
      () =>
        `set ${this.#one(['statement_timeout', 'role', 'work_mem', 'session_replication_role'])} = ${this.#one(["'2s'", "'4MB'", 'default'])}`,
      () =>
        `${this.#one(['analyze', 'vacuum', 'refresh materialized view', 'cluster', 'truncate', 'reindex table'])} ${table}`,
      () => `comment on table ${table} is 'x'`,
      () => `alter table ${table} ${this.#one(['add column made int', 'set (fillfactor = 90)', 'owner to agent_rw'])}`,
    ])();
  }

  next(): string {
    const kind = this.#random();
    if (kind < 0.5) return this.#query(0);
    return kind < 0.6 ? this.#change() : this.#wrapped();
  }
}
