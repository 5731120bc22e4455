// Describes a piece of the page as plain objects, and changes the document into it with the fewest steps.
//
// Every text becomes a text node, so that nothing a database says is ever read as HTML. A view is drawn anew on each
// update; what did not change is left alone, with its focus, its scroll and its open folds.

const SVG = "http://www.w3.org/2000/svg";

/** A node to be: tag, properties, and children (nodes, texts, numbers, lists of them; null and false are left out). */
export function h(tag, props, ...children) {
  return { tag, props: props || {}, children: flat(children, []) };
}

function flat(list, into) {
  for (const one of list) {
    if (Array.isArray(one)) flat(one, into);
    else if (one !== null && one !== undefined && one !== false && one !== true) into.push(one);
  }
  return into;
}

/** Makes the children of an element be these. */
export function patch(element, children) {
  const list = flat([children], []);
  const namespace = element.namespaceURI === SVG ? SVG : null;
  const keyed = new Map();
  const loose = [];
  for (const node of element.childNodes) {
    if (node.__key !== undefined) keyed.set(node.__key, node);
    else loose.push(node);
  }
  // What leaves goes first: then what stays need not move, and keeps its focus.
  const staying = new Set(list.map((child) => (typeof child === "object" ? child.props.key : undefined)));
  for (const [key, node] of keyed) {
    if (!staying.has(key)) {
      remove(node, element);
      keyed.delete(key);
    }
  }
  let next = 0;
  let place = element.firstChild;
  for (const child of list) {
    let found = null;
    if (typeof child === "object" && child.props.key !== undefined) {
      found = keyed.get(child.props.key);
      if (found && fits(found, child)) keyed.delete(child.props.key);
      else found = null;
    } else {
      for (let at = next; at < loose.length && at < next + 3; at += 1) {
        if (fits(loose[at], child)) {
          for (; next < at; next += 1) remove(loose[next], element, () => { if (place === loose[next]) place = place.nextSibling; });
          found = loose[at];
          next = at + 1;
          break;
        }
      }
    }
    const node = found ? update(found, child) : create(child, namespace);
    if (node === place) place = place.nextSibling;
    else element.insertBefore(node, place);
  }
  for (; next < loose.length; next += 1) remove(loose[next], element);
  for (const node of keyed.values()) remove(node, element);
}

function fits(node, child) {
  if (typeof child !== "object") return node.nodeType === Node.TEXT_NODE;
  return node.nodeType === Node.ELEMENT_NODE && node.__tag === child.tag && node.__hook === hookOf(child);
}

function hookOf(child) {
  return child.props.hook ? child.props.hook.kind : undefined;
}

function remove(node, parent, before) {
  if (before) before();
  release(node);
  parent.removeChild(node);
}

function release(node) {
  for (const child of node.childNodes) release(child);
  if (node.__release) {
    node.__release();
    node.__release = null;
  }
}

function create(child, namespace) {
  if (typeof child !== "object") return document.createTextNode(String(child));
  const space = child.tag === "svg" ? SVG : namespace;
  const element = space ? document.createElementNS(space, child.tag) : document.createElement(child.tag);
  element.__tag = child.tag;
  element.__hook = hookOf(child);
  element.__props = {};
  if (child.props.open) element.open = true;
  return update(element, child);
}

function update(node, child) {
  if (typeof child !== "object") {
    const text = String(child);
    if (node.data !== text) node.data = text;
    return node;
  }
  const old = node.__props;
  const props = child.props;
  for (const name in old) if (!(name in props)) set(node, name, undefined, old[name]);
  for (const name in props) if (name === "value" || props[name] !== old[name]) set(node, name, props[name], old[name]);
  node.__props = props;
  if (props.hook) run(node, props.hook);
  else patch(node, child.children);
  return node;
}

/** A hook owns what is inside its element: `create(element, data)` returns `{ update(data), release() }`. */
function run(node, hook) {
  if (!node.__live) {
    node.__live = hook.create(node, hook.data);
    node.__release = () => node.__live.release && node.__live.release();
  } else {
    node.__live.update(hook.data);
  }
}

function set(node, name, value, old) {
  switch (name) {
    case "key": node.__key = value; return;
    case "hook": case "open": return;
    case "on":
      for (const event in old) if (!value || !(event in value)) node[`on${event}`] = null;
      for (const event in value) node[`on${event}`] = value[event];
      return;
    case "css":
      // Through the object model: the page's policy forbids style attributes.
      for (const rule in old) if (!value || !(rule in value)) node.style.removeProperty(rule);
      for (const rule in value) if (!old || old[rule] !== value[rule]) node.style.setProperty(rule, value[rule]);
      return;
    case "value":
      if (node.value !== value && document.activeElement !== node) node.value = value ?? "";
      return;
    case "checked": case "indeterminate": node[name] = Boolean(value); return;
    default:
      if (value === undefined || value === null || value === false) node.removeAttribute(name);
      else node.setAttribute(name, value === true ? "" : String(value));
  }
}
