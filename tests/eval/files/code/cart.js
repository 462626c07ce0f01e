// The cart of the shop: what the customer wants, before it becomes an order.

const FREE_SHIPPING_FROM = 69;
const SHIPPING_FEE = 5.9;
const LINES_MAX = 80;

/** One article in the cart. */
class CartLine {
  constructor(article, price, pieces = 1) {
    this.article = article;
    this.price = price;
    this.pieces = pieces;
  }

  sum() {
    return this.price * this.pieces;
  }
}

/** Everything the customer has collected so far. */
class Cart {
  constructor(storage = window.localStorage) {
    this.storage = storage;
    this.lines = [];
    this.voucher = null;
  }

  add(article, price, pieces = 1) {
    const known = this.lines.find((line) => line.article === article);
    if (known) {
      known.pieces += pieces;
      return known;
    }
    if (this.lines.length >= LINES_MAX) {
      throw new RangeError(`a cart holds ${LINES_MAX} different articles at most`);
    }
    const line = new CartLine(article, price, pieces);
    this.lines.push(line);
    return line;
  }

  remove(article) {
    this.lines = this.lines.filter((line) => line.article !== article);
  }

  goods() {
    return this.lines.reduce((sum, line) => sum + line.sum(), 0);
  }

  shipping() {
    return this.goods() >= FREE_SHIPPING_FROM ? 0 : SHIPPING_FEE;
  }

  total() {
    const reduced = this.voucher ? this.goods() * (1 - this.voucher.share) : this.goods();
    return Math.round((reduced + this.shipping()) * 100) / 100;
  }

  save() {
    this.storage.setItem("cart", JSON.stringify({ lines: this.lines, voucher: this.voucher }));
  }
}

/** Reads a cart that was saved; a damaged one is thrown away without a word. */
function restoreCart(storage) {
  const cart = new Cart(storage);
  try {
    const saved = JSON.parse(storage.getItem("cart") ?? "{}");
    for (const { article, price, pieces } of saved.lines ?? []) cart.add(article, price, pieces);
    cart.voucher = saved.voucher ?? null;
  } catch {
    storage.removeItem("cart");
  }
  return cart;
}

export { Cart, CartLine, restoreCart, FREE_SHIPPING_FROM };
