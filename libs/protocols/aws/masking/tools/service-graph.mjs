// One service's model, cut down to what leads to something: see ../members.ts for the form that it is written in.

const wire = { 'smithy-rpc-v2-cbor': 'rpc-v2-cbor' };
const xmlProtocols = new Set(['query', 'ec2', 'rest-xml']);

const globOf = (text) =>
  new RegExp(`^${text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^:]*')}$`);

/** Lists of `[why, 'service:Shape.member …']`. */
export const patternsOf = (list) =>
  list.flatMap(([why, texts]) =>
    texts
      .trim()
      .split(/\s+/)
      .map((text) => ({ text, why, test: globOf(text), used: false })),
  );

/** Names whose value the detector of keyed secrets takes for one: the same words as libs/masking/key-value.ts. */
const keyed =
  /(password|passwd|passphrase|pwd|secret|token|(?:api|access|private|signing|encryption|auth)[_-]?key)(?:[_-]?(?:key|value|hash|text|string|base64|token|secret|plaintext))?$/i;

const isScalarText = ({ type }) => type === 'string' || type === 'blob';

export const compileService = (service, model, lists) => {
  const { shapes, operations, metadata } = model;
  const protocols = (metadata.protocols ?? [metadata.protocol]).map((name) => wire[name] ?? name);
  const xml = protocols.some((name) => xmlProtocols.has(name));
  const otherThanXml = protocols.some((name) => !xmlProtocols.has(name));

  const matches = (list, name) => {
    const found = list.filter(({ test }) => test.test(name));
    for (const pattern of found) pattern.used = true;
    return found.length > 0;
  };

  const remembered = new Map();
  /** What the edge from a shape to a member means: 'model', 'list', 'off' or undefined. */
  const markOf = (parent, member, reference, inherited) => {
    const name = `${service}:${parent}.${member}`;
    const key = `${name} ${inherited}`;
    if (!remembered.has(key)) {
      const marked = inherited || reference.sensitive || shapes[reference.shape].sensitive;
      const listed = matches(lists.missed, name);
      const off = marked && matches(lists.overmarked, name);
      remembered.set(key, listed ? 'list' : off ? 'off' : marked ? 'model' : undefined);
    }
    return remembered.get(key);
  };

  const isAttributeValue = (shape) =>
    shape.type === 'structure' && ['S', 'N', 'B', 'SS', 'NS'].every((name) => name in (shape.members ?? {}));

  const edgesOf = (name) => {
    const shape = shapes[name];
    if (shape.type === 'structure') return Object.entries(shape.members ?? {});
    if (shape.type === 'list') return [['member', shape.member]];
    if (shape.type === 'map')
      return [
        ['key', shape.key],
        ['value', shape.value],
      ];
    return [];
  };

  /** Under which names a member stands in the answer. */
  const wireNames = (member, reference) => {
    const target = shapes[reference.shape];
    const names = new Set();
    if (otherThanXml) names.add(reference.locationName ?? member).add(member);
    if (xml) {
      const flat = target.type === 'list' && target.flattened ? target.member.locationName : undefined;
      names.add(flat ?? reference.locationName ?? member);
    }
    return [...names];
  };
  const isRenamed = (member, reference) =>
    wireNames(member, reference).some((name) => name.toLowerCase() !== member.toLowerCase());
  const inBody = ({ location }) => location === undefined;

  // What leads to something, until nothing is added.
  const interesting = new Set();
  const leads = (name) => {
    const shape = shapes[name];
    if (shape.type === 'blob' || shape.document || isAttributeValue(shape)) return true;
    if (shape.eventstream) return true;
    if (shape.type === 'map' && isScalarText(shapes[shape.value.shape])) return true;
    return edgesOf(name).some(([member, reference]) => {
      const mark = markOf(name, member, reference, false);
      if (mark === 'model' || mark === 'list') return true;
      return interesting.has(reference.shape) || (xml && shape.type === 'structure' && isRenamed(member, reference));
    });
  };
  const reachable = new Set();
  const reach = (name) => {
    if (reachable.has(name)) return;
    reachable.add(name);
    for (const [, reference] of edgesOf(name)) reach(reference.shape);
  };
  for (const { output } of Object.values(operations)) if (output) reach(output.shape);
  for (let size = -1; size !== interesting.size; ) {
    size = interesting.size;
    for (const name of reachable) if (!interesting.has(name) && leads(name)) interesting.add(name);
  }

  const nodes = [0];
  const byShape = new Map();
  const byText = new Map();
  const intern = (node) => {
    const text = JSON.stringify(node);
    if (!byText.has(text)) byText.set(text, nodes.push(node) - 1);
    return byText.get(text);
  };

  const kindOf = ({ type }) => (type === 'string' ? undefined : type === 'blob' ? 'b' : 'o');
  /** Of what is hidden with all that is below, XML must know what is no text: a mask in its place could not be read. */
  const hiddenNode = (mark, name, above = []) => {
    const shape = shapes[name];
    const x = mark === 'list' ? 'l' : 'm';
    const isGroup = ['structure', 'list', 'map'].includes(shape.type);
    const kind = isGroup ? undefined : kindOf(shape);
    if (!isGroup || !xml || above.includes(name)) return intern({ x, ...(kind ? { t: kind } : {}) });
    return intern({ x, ...hiddenBelow(mark, name, [...above, name]) });
  };
  const hiddenBelow = (mark, name, above) => {
    const below = (reference) => hiddenNode(mark, reference.shape, above);
    const { type, member, value } = shapes[name];
    if (type === 'list') return { l: below(member) };
    if (type === 'map') return { v: below(value) };
    const members = edgesOf(name).flatMap(([one, reference]) =>
      wireNames(one, reference).map((wireName) => [wireName, below(reference)]),
    );
    return { m: Object.fromEntries(members) };
  };

  const target = (parent, member, reference, inherited = false) => {
    const mark = markOf(parent, member, reference, inherited);
    if (mark === 'model' || mark === 'list') return hiddenNode(mark, reference.shape);
    return nodeOf(reference.shape);
  };

  const nodeOf = (name) => {
    if (!interesting.has(name)) return 0;
    if (byShape.has(name)) return byShape.get(name);
    const shape = shapes[name];
    if (shape.type === 'blob') return intern({ b: 1 });
    if (shape.document) return intern({ d: 1 });
    const index = nodes.push(undefined) - 1; // before its members: shapes hold themselves
    byShape.set(name, index);
    nodes[index] = shape.type === 'structure' ? structureNode(name) : shape.type === 'list' ? listNode(name) : mapNode(name);
    return index;
  };

  const structureNode = (name, inherited = false) => {
    const shape = shapes[name];
    const members = {};
    for (const [member, reference] of Object.entries(shape.members ?? {})) {
      if (!inBody(reference)) continue;
      const node = target(name, member, reference, inherited);
      for (const wireName of wireNames(member, reference)) {
        const renamed = wireName.toLowerCase() !== member.toLowerCase();
        if (renamed) members[wireName] = [node, member];
        else if (node !== 0) members[wireName] = node;
      }
    }
    return { m: members, ...(isAttributeValue(shape) ? { a: 1 } : {}), ...eventPayload(shape) };
  };
  const eventPayload = ({ members = {} }) => {
    const found = Object.entries(members).find(([, reference]) => reference.eventpayload);
    return found ? { p: found[0] } : {};
  };
  const listNode = (name) => {
    const { member, flattened } = shapes[name];
    return { l: target(name, 'member', member), ...(flattened ? { f: 1 } : {}) };
  };
  const mapNode = (name) => {
    const { key, value, flattened } = shapes[name];
    const names = [key.locationName ?? 'key', value.locationName ?? 'value'];
    const keyNode = target(name, 'key', key);
    return {
      v: target(name, 'value', value),
      ...(nodes[keyNode]?.x ? { k: keyNode } : {}),
      ...(flattened ? { f: 1 } : {}),
      ...(xml && names.join() !== 'key,value' ? { n: names } : {}),
    };
  };

  const headersOf = (name) =>
    Object.fromEntries(
      edgesOf(name)
        .filter(([, { location }]) => location === 'header' || location === 'headers')
        .map(([member, reference]) => [
          (reference.locationName ?? member).toLowerCase(),
          markOf(name, member, reference, false),
        ])
        .filter(([, mark]) => mark === 'model' || mark === 'list')
        .map(([header, mark]) => [header, mark === 'list' ? 'l' : 'm']),
    );

  const bodyOf = (name) => {
    const shape = shapes[name];
    const eventMember = edgesOf(name).find(([, reference]) => shapes[reference.shape].eventstream);
    if (eventMember) return { p: 'events', m: eventMember[0], n: nodeOf(eventMember[1].shape) };
    if (!shape.payload) return undefined;
    const reference = shape.members[shape.payload];
    const node = target(name, shape.payload, reference, shape.sensitive);
    const raw = isScalarText(shapes[reference.shape]);
    return { p: raw ? 'raw' : 'struct', m: shape.payload, n: node };
  };

  const operationNode = ({ output }) => {
    if (!output) return 0;
    const shape = shapes[output.shape];
    const body = bodyOf(output.shape);
    const headers = headersOf(output.shape);
    const plain = shape.sensitive ? intern(structureNode(output.shape, true)) : nodeOf(output.shape);
    if (!body && Object.keys(headers).length === 0) return plain;
    return { ...(body ?? { n: plain }), ...(Object.keys(headers).length > 0 ? { h: headers } : {}) };
  };

  const data = { protocols, ops: {}, nodes, q: quietNames() };
  for (const [operation, definition] of Object.entries(operations)) {
    const node = operationNode(definition);
    if (node !== 0) data.ops[operation] = node;
  }
  return { data, report: reportOf() };

  function quietNames() {
    const names = new Set();
    for (const name of reachable)
      for (const [member, reference] of shapes[name].type === 'structure' ? edgesOf(name) : []) {
        const mark = markOf(name, member, reference, false);
        const shape = shapes[reference.shape];
        const texts = isScalarText(shape) || (shape.type === 'list' && isScalarText(shapes[shape.member.shape]));
        if (mark === 'model' || mark === 'list' || !texts) continue;
        for (const wireName of wireNames(member, reference)) if (keyed.test(wireName)) names.add(wireName);
      }
    return [...names].sort();
  }

  /** Paths, a shape within itself counted once. */
  function reportOf() {
    const counts = { operations: 0, hidden: 0, model: 0, list: 0, off: 0 };
    const known = new Map();
    const count = (name, stack, inherited = false) => {
      const key = `${name} ${inherited}`;
      if (known.has(key)) return known.get(key);
      const sum = { model: 0, list: 0, off: 0 };
      for (const [member, reference] of edgesOf(name)) {
        const mark = markOf(name, member, reference, inherited);
        if (mark) sum[mark] += 1;
        if (mark === 'model' || mark === 'list' || stack.has(reference.shape)) continue;
        const below = count(reference.shape, new Set([...stack, reference.shape]));
        for (const kind of Object.keys(sum)) sum[kind] += below[kind];
      }
      known.set(key, sum);
      return sum;
    };
    for (const { output } of Object.values(operations)) {
      counts.operations += 1;
      if (!output) continue;
      const sum = count(output.shape, new Set([output.shape]), shapes[output.shape].sensitive === true);
      if (sum.model + sum.list > 0) counts.hidden += 1;
      for (const kind of Object.keys(sum)) counts[kind] += sum[kind];
    }
    return counts;
  }
};
