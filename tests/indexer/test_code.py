"""Source code: its symbols with their signatures, what is said above them, and what is still to do."""

import pytest

from tests.indexer.reading import facts, read, said

C = """\
/* Pump control. */
#include <stdio.h>
#define PUMP_MAX 8
#define SQUARE(x) ((x) * (x))

/** A pump and its state. */
struct pump {
    int pressure; // TODO: use a float
};
typedef struct { int x; } point_t;
typedef unsigned long word_t;
enum state { ON, OFF };
static const int LIMIT = 5;

/* Start the pump.
 * Returns 0 when it runs.
 */
static int *pump_start(struct pump *p, int speed)
{
    /* FIXME(dana): check the speed */
    return 0;
}
int declared(void);
#ifdef X
void inside(void) {}
#endif
extern "C" { }
"""

C_SAYS = [
    ("PUMP_MAX", "constant", "#define PUMP_MAX 8"),
    ("SQUARE", "function", "#define SQUARE(x) ((x) * (x))"),
    ("pump", "struct", "struct pump"),
    ("pump", "summary", "A pump and its state."),
    ("point_t", "type", "typedef struct { int x; } point_t"),
    ("word_t", "type", "typedef unsigned long word_t"),
    ("state", "enum", "enum state { ON, OFF }"),
    ("LIMIT", "constant", "static const int LIMIT = 5"),
    ("pump_start", "function", "static int *pump_start(struct pump *p, int speed)"),
    ("pump_start", "summary", "Start the pump."),
    ("declared", "function", "int declared(void)"),
    ("inside", "function", "void inside(void)"),
    ("pump", "todo", "use a float"),
    ("pump_start", "todo", "check the speed"),
]

CPP = """\
namespace net {
/// A connection.
template <typename T>
class Relay final : public Base<T> {
public:
    Relay(int size) : size_(size) {}
    ~Relay();
    /// Send what is queued.
    virtual int send(const std::string& text) const override { return 1; }
    static constexpr int kMax = 4;
    bool operator==(const Relay& other) const { return true; }
private:
    int size_;
};
enum class Mode { fast, slow };
constexpr double kRate = 2.5;
using Names = std::vector<std::string>;
int Relay::count() { return 0; }
}
extern "C" {
int plain(int a) { return a; }
}
template <class T> T largest(T a, T b) { return a > b ? a : b; }
struct Point { int x; int norm() const; };
int& reference(int x);
int (*pointer)(int);
const int size = 3, *other;
#define GUARD
"""

CPP_SAYS = [
    ("net.Relay", "class", "template <typename T> class Relay final : public Base<T>"),
    ("net.Relay", "summary", "A connection."),
    ("net.Relay.Relay", "function", "Relay(int size)"),
    ("net.Relay.~Relay", "function", "~Relay()"),
    ("net.Relay.send", "function", "virtual int send(const std::string& text) const override"),
    ("net.Relay.send", "summary", "Send what is queued."),
    ("net.Relay.kMax", "constant", "static constexpr int kMax = 4"),
    ("net.Relay.operator==", "function", "bool operator==(const Relay& other) const"),
    ("net.Mode", "enum", "enum class Mode { fast, slow }"),
    ("net.kRate", "constant", "constexpr double kRate = 2.5"),
    ("net.Names", "type", "using Names = std::vector<std::string>"),
    ("net.Relay.count", "function", "int Relay::count()"),
    ("plain", "function", "int plain(int a)"),
    ("largest", "function", "template <class T> T largest(T a, T b)"),
    ("Point", "struct", "struct Point"),
    ("Point.norm", "function", "int norm() const"),
    ("reference", "function", "int& reference(int x)"),
    ("size", "constant", "const int size = 3, *other"),
]

C_SHARP = """\
using System;
namespace Shop.Orders;

/// <summary>
/// Keeps orders until they are paid.
/// </summary>
[Serializable]
public class OrderBook : Book, IDisposable
{
    public const int Limit = 50;
    public string Name { get; set; } = "x";
    // TODO: remove
    public OrderBook(int size) : base(size) { }
    /// <summary>Add an order.</summary>
    public async Task<int> AddAsync(Order order, Token token = default)
    {
        return 1;
    }
    public int Twice(int x) => x * 2;
    interface IInner { void Go(); }
}
public record Person(string First, string Last);
public enum Color { Red, Green }
public interface IShape { double Area(); }
public struct P { public int X; }
public delegate void Changed(object sender);
public class Gen<T> { static readonly int Size = 2; int size = 3; }
"""

C_SHARP_SAYS = [
    ("OrderBook", "class", "public class OrderBook : Book, IDisposable"),
    ("OrderBook", "summary", "Keeps orders until they are paid."),
    ("OrderBook.Limit", "constant", "public const int Limit = 50"),
    ("OrderBook.Name", "property", "public string Name"),
    ("OrderBook.OrderBook", "function", "public OrderBook(int size)"),
    (
        "OrderBook.AddAsync",
        "function",
        "public async Task<int> AddAsync(Order order, Token token = default)",
    ),
    ("OrderBook.AddAsync", "summary", "Add an order."),
    ("OrderBook.Twice", "function", "public int Twice(int x)"),
    ("OrderBook.IInner", "interface", "interface IInner"),
    ("OrderBook.IInner.Go", "function", "void Go()"),
    ("Person", "class", "public record Person(string First, string Last)"),
    ("Color", "enum", "public enum Color { Red, Green }"),
    ("IShape", "interface", "public interface IShape"),
    ("IShape.Area", "function", "double Area()"),
    ("P", "struct", "public struct P"),
    ("Changed", "type", "public delegate void Changed(object sender)"),
    ("Gen", "class", "public class Gen<T>"),
    ("Gen.Size", "constant", "static readonly int Size = 2"),
    ("OrderBook", "todo", "remove"),
]

GO = """\
// Package relay moves messages.
package relay

import "fmt"

// MaxRetries bounds the attempts.
const MaxRetries = 5

const (
	// A is first.
	A = iota
	B = "b"
)

// Server answers requests
// from anywhere.
type Server struct {
	addr string
}

type (
	// Handler handles.
	Handler interface { Handle(x int) error }
	Names []string
)

// Run starts the server.
func (s *Server) Run(ctx context.Context) (err error) {
	// TODO(dana): stop
	return nil
}

func New[T any](addr string) *Server { return nil }
var Default = New("x")
/* Area is in m². */
func (Größe[T]) Fläche() {}
"""

GO_SAYS = [
    ("MaxRetries", "constant", "const MaxRetries = 5"),
    ("MaxRetries", "summary", "MaxRetries bounds the attempts."),
    ("A", "constant", "A = iota"),
    ("A", "summary", "A is first."),
    ("B", "constant", 'B = "b"'),
    ("Server", "struct", "type Server struct"),
    ("Server", "summary", "Server answers requests from anywhere."),
    ("Handler", "interface", "Handler interface"),
    ("Handler", "summary", "Handler handles."),
    ("Handler.Handle", "function", "Handle(x int) error"),
    ("Names", "type", "Names []string"),
    ("Server.Run", "function", "func (s *Server) Run(ctx context.Context) (err error)"),
    ("Server.Run", "summary", "Run starts the server."),
    ("New", "function", "func New[T any](addr string) *Server"),
    ("Größe.Fläche", "function", "func (Größe[T]) Fläche()"),
    ("Größe.Fläche", "summary", "Area is in m²."),
    ("Server.Run", "todo", "stop"),
]

JAVA = """\
package shop;

/**
 * Keeps orders.
 * @author x
 */
@Entity
public class Orders<T extends Order> extends Base implements Closeable {
    /** Most orders. */
    public static final int MAX = 50;
    private int size;
    public Orders(int size) { this.size = size; }

    /**
     * Adds {@code order}.
     *
     * @param order what
     */
    @Override
    public boolean add(T order, int n) throws IOException { return true; }
    enum Color { RED, GREEN }
    interface Inner { void go(); default int x() { return 1; } }
    record Pair(int a, int b) {}
}
@interface Marker { }
"""

JAVA_SAYS = [
    ("Orders", "class", "public class Orders<T extends Order> extends Base implements Closeable"),
    ("Orders", "summary", "Keeps orders."),
    ("Orders.MAX", "constant", "public static final int MAX = 50"),
    ("Orders.MAX", "summary", "Most orders."),
    ("Orders.Orders", "function", "public Orders(int size)"),
    ("Orders.add", "function", "public boolean add(T order, int n) throws IOException"),
    ("Orders.add", "summary", "Adds {@code order}."),
    ("Orders.Color", "enum", "enum Color { RED, GREEN }"),
    ("Orders.Inner", "interface", "interface Inner"),
    ("Orders.Inner.go", "function", "void go()"),
    ("Orders.Inner.x", "function", "default int x()"),
    ("Orders.Pair", "class", "record Pair(int a, int b)"),
    ("Marker", "interface", "@interface Marker"),
]

JAVASCRIPT = """\
/** Shows a price. */
export default function Price({ amount, currency = "EUR" }) {
  return <span>{amount}</span>;
}
export const TAX_RATE = 0.19;
const local = 1;
// TODO: format by locale
export const format = async (value) => `${value}`;
/**
 * A cart.
 */
export class Cart extends Base {
  static limit = 5;
  #secret = 1;
  constructor(items) { super(); }
  /** Sums up. */
  total(tax) { return 0; }
  handler = (e) => { };
  get size() { return 1; }
}
function* gen() {}
module.exports = { a: function () {} };
exports.run = function (x) { };
const legacy = function () {}, other = 2;
Cart.prototype.clear = function () {};
const Shape = class {
  area() {}
};
"""

JAVASCRIPT_SAYS = [
    ("Price", "function", 'export default function Price({ amount, currency = "EUR" })'),
    ("Price", "summary", "Shows a price."),
    ("TAX_RATE", "constant", "export const TAX_RATE = 0.19"),
    ("format", "function", "export const format = async (value)"),
    ("Cart", "class", "export class Cart extends Base"),
    ("Cart", "summary", "A cart."),
    ("Cart.constructor", "function", "constructor(items)"),
    ("Cart.total", "function", "total(tax)"),
    ("Cart.total", "summary", "Sums up."),
    ("Cart.handler", "function", "handler = (e)"),
    ("Cart.size", "function", "get size()"),
    ("gen", "function", "function* gen()"),
    ("run", "function", "exports.run = function (x)"),
    ("legacy", "function", "const legacy = function ()"),
    ("Cart.clear", "function", "Cart.prototype.clear = function ()"),
    ("Shape", "class", "const Shape = class"),
    ("Shape.area", "function", "area()"),
    ("", "todo", "format by locale"),
]

TYPESCRIPT = """\
/** A user. */
export interface User extends Base { id: number; name(): string }
export type Id = string | number;
export enum Level { Low = 1, High }
export abstract class Store<T> implements S {
  private readonly items: T[] = [];
  constructor(private db: Db) {}
  abstract find(id: Id): Promise<T>;
  /** Saves it. */
  public async save(item: T): Promise<void> { }
}
export const useStore = (id: Id): Store<User> => { return null!; };
export const View: React.FC<P> = ({ a }) => <div>{a}</div>;
namespace Inner { export function deep(): void {} }
declare function ambient(x: string): number;
@Component({ selector: "x" })
export class Widget { @Input() name = "x"; }
export default class {}
function over(a: string): void;
function over(a: any) {}
"""

TYPESCRIPT_SAYS = [
    ("User", "interface", "export interface User extends Base"),
    ("User", "summary", "A user."),
    ("User.name", "function", "name(): string"),
    ("Id", "type", "export type Id = string | number"),
    ("Level", "enum", "export enum Level { Low = 1, High }"),
    ("Store", "class", "export abstract class Store<T> implements S"),
    ("Store.constructor", "function", "constructor(private db: Db)"),
    ("Store.find", "function", "abstract find(id: Id): Promise<T>"),
    ("Store.save", "function", "public async save(item: T): Promise<void>"),
    ("Store.save", "summary", "Saves it."),
    ("useStore", "function", "export const useStore = (id: Id): Store<User>"),
    ("View", "function", "export const View: React.FC<P> = ({ a })"),
    ("Inner.deep", "function", "export function deep(): void"),
    ("ambient", "function", "declare function ambient(x: string): number"),
    ("Widget", "class", "export class Widget"),
    ("over", "function", "function over(a: string): void"),
    ("over", "function", "function over(a: any)"),
]

PHP = r"""<?php
namespace Shop\Orders;

/**
 * Keeps orders.
 */
final class OrderBook extends Book implements Countable
{
    use Loggable;
    public const LIMIT = 50;
    private int $size = 0;
    /** Adds an order. */
    #[Pure]
    public function add(Order $order, int $n = 1): bool { // TODO: check
        return true;
    }
}
interface Shape { public function area(): float; }
trait Loggable { protected function log(string $m) {} }
enum Suit: string { case Hearts = 'H'; public function label(): string { return 'x'; } }
function total(array $items): int { return 0; }
const RATE = 3;
?>
"""

PHP_SAYS = [
    ("OrderBook", "class", "final class OrderBook extends Book implements Countable"),
    ("OrderBook", "summary", "Keeps orders."),
    ("OrderBook.LIMIT", "constant", "public const LIMIT = 50"),
    ("OrderBook.add", "function", "public function add(Order $order, int $n = 1): bool"),
    ("OrderBook.add", "summary", "Adds an order."),
    ("Shape", "interface", "interface Shape"),
    ("Shape.area", "function", "public function area(): float"),
    ("Loggable", "trait", "trait Loggable"),
    ("Loggable.log", "function", "protected function log(string $m)"),
    ("Suit", "enum", "enum Suit: string { case Hearts = 'H'; public function label(): string { return 'x'; } }"),
    ("Suit.label", "function", "public function label(): string"),
    ("total", "function", "function total(array $items): int"),
    ("RATE", "constant", "const RATE = 3"),
    ("OrderBook.add", "todo", "check"),
]

RUBY = """\
# Shop things.
module Shop
  LIMIT = 50
  # Keeps orders.
  # Really.
  class OrderBook < Book
    attr_reader :size
    DEFAULT = "x"
    # Adds an order.
    def add(order, count: 1, *rest, &block)
      # TODO: check
      true
    end
    def self.build(x) = new(x)
    def empty?; end
    class << self
      def all; end
    end
    private
    def hidden
    end
  end
end
def top a, b
end
"""

RUBY_SAYS = [
    ("Shop", "module", "module Shop"),
    ("Shop", "summary", "Shop things."),
    ("Shop.LIMIT", "constant", "LIMIT = 50"),
    ("Shop.OrderBook", "class", "class OrderBook < Book"),
    ("Shop.OrderBook", "summary", "Keeps orders."),
    ("Shop.OrderBook.DEFAULT", "constant", 'DEFAULT = "x"'),
    ("Shop.OrderBook.add", "function", "def add(order, count: 1, *rest, &block)"),
    ("Shop.OrderBook.add", "summary", "Adds an order."),
    ("Shop.OrderBook.build", "function", "def self.build(x)"),
    ("Shop.OrderBook.empty?", "function", "def empty?"),
    ("Shop.OrderBook.all", "function", "def all"),
    ("Shop.OrderBook.hidden", "function", "def hidden"),
    ("top", "function", "def top a, b"),
    ("Shop.OrderBook.add", "todo", "check"),
]

RUST = """\
//! Moves messages.

/// A server.
///
/// More.
#[derive(Debug)]
pub struct Server<T> { addr: String }

pub struct Unit;
pub struct Pair(i32, i32);
/// States.
pub enum State { On, Off(u8) }
pub trait Handler: Send {
    /// Handles it.
    fn handle(&self, x: i32) -> Result<(), Error>;
    fn twice(&self) { }
}
impl<T> Server<T> where T: Clone {
    pub const MAX: usize = 10;
    /// Makes one.
    pub async fn new(addr: &str) -> Self { todo!() }
}
impl<T> Handler for Server<T> {
    fn handle(&self, x: i32) -> Result<(), Error> { Ok(()) } // TODO: more
}
mod inner { pub fn deep() {} }
pub const LIMIT: u32 = 5;
static NAME: &str = "x";
type Map = HashMap<String, i32>;
macro_rules! square { ($x:expr) => { $x * $x } }
#[test]
fn it_works() { fn nested() {} }
"""

RUST_SAYS = [
    ("Server", "struct", "pub struct Server<T>"),
    ("Server", "summary", "A server."),
    ("Unit", "struct", "pub struct Unit"),
    ("Pair", "struct", "pub struct Pair(i32, i32)"),
    ("State", "enum", "pub enum State { On, Off(u8) }"),
    ("Handler", "trait", "pub trait Handler: Send"),
    ("Handler.handle", "function", "fn handle(&self, x: i32) -> Result<(), Error>"),
    ("Handler.handle", "summary", "Handles it."),
    ("Handler.twice", "function", "fn twice(&self)"),
    ("Server.MAX", "constant", "pub const MAX: usize = 10"),
    ("Server.new", "function", "pub async fn new(addr: &str) -> Self"),
    ("Server.new", "summary", "Makes one."),
    ("Server.handle", "function", "fn handle(&self, x: i32) -> Result<(), Error>"),
    ("inner.deep", "function", "pub fn deep()"),
    ("LIMIT", "constant", "pub const LIMIT: u32 = 5"),
    ("NAME", "constant", 'static NAME: &str = "x"'),
    ("Map", "type", "type Map = HashMap<String, i32>"),
    ("square", "macro", "macro_rules! square"),
    ("it_works", "function", "fn it_works()"),
    ("", "todo", "more"),
]


LANGUAGES = [
    ("a.c", C, C_SAYS),
    ("a.cpp", CPP, CPP_SAYS),
    ("a.cs", C_SHARP, C_SHARP_SAYS),
    ("a.go", GO, GO_SAYS),
    ("A.java", JAVA, JAVA_SAYS),
    ("a.jsx", JAVASCRIPT, JAVASCRIPT_SAYS),
    ("a.tsx", TYPESCRIPT, TYPESCRIPT_SAYS),
    ("a.php", PHP, PHP_SAYS),
    ("a.rb", RUBY, RUBY_SAYS),
    ("a.rs", RUST, RUST_SAYS),
]


@pytest.mark.parametrize(("path", "text", "says"), LANGUAGES, ids=[path for path, _, _ in LANGUAGES])
def test_what_can_be_called_by_name_is_told_with_its_signature(
    path: str, text: str, says: list[tuple[str, str, str]]
) -> None:
    extraction = read(text, path)
    stem = path.partition(".")[0]

    assert (extraction.state, extraction.dropped) == ("ok", 0)
    assert [(s.removeprefix(stem).removeprefix("."), k, v) for s, k, v in said(extraction, "symbol", "todo")] == says
    assert all(text[fact.start : fact.end] == fact.quote for fact in extraction.facts)


def test_a_text_is_read_in_the_language_of_its_ending() -> None:
    for path in ("a.js", "a.mjs", "a.cjs", "a.ts", "a.mts"):
        assert said(read("function one(a) {}\n", path)) == [("a.one", "function", "function one(a)")]
    for path in ("a.cc", "a.hpp", "a.h"):
        assert said(read("class One {};\n", path)) == [("a.One", "class", "class One")]


def test_what_parses_is_kept_and_a_signature_that_does_not_makes_no_symbol() -> None:
    text = "func Good(a int) {}\n\nfunc Bad(a int {\n}\n\n}}} ???\n\nfunc Last() {}\n"
    extraction = read(text, "a.go")

    assert extraction.state == "ok"
    assert [value for _, _, value in said(extraction)] == ["func Good(a int)", "func Last()"]


def test_what_is_not_of_the_language_states_nothing() -> None:
    extraction = read("Dear all,\n\nthe fee is 12 EUR. See you!\n", "a.go")

    assert (extraction.facts, extraction.state, extraction.reason) == ((), "limited", "not readable as Go")


def test_places_are_right_behind_characters_of_several_bytes() -> None:
    text = (
        "// \u00fc\u00e9\U0001f600 " * 200
        + "\n/** T\u00fcr\u00f6ffner \U0001f600 auf. */\nfunction \u00f6ffne(t\u00fcr) {} // TODO: \u00fcben\n"
    )
    extraction = read(text.encode(), "t\u00fcr.js")

    assert said(extraction) == [
        ("t\u00fcr.\u00f6ffne", "function", "function \u00f6ffne(t\u00fcr)"),
        ("t\u00fcr.\u00f6ffne", "summary", "T\u00fcr\u00f6ffner \U0001f600 auf."),
        ("t\u00fcr", "todo", "\u00fcben"),
    ]
    assert all(text[fact.start : fact.end] == fact.quote for fact in extraction.facts)
    assert [fact.start_line for fact in extraction.facts] == [3, 2, 3]


@pytest.mark.parametrize(
    ("comment", "summary"),
    [
        ("// Opens the door.\n// Quickly.\n", "Opens the door."),
        ("// Opens the door\n// without a key\n// or a knock,\n// but politely.\n", None),
        ("/*\n * Opens the door\n * without a key.\n */\n", "Opens the door without a key."),
        ("/**\n * @brief Opens the door.\n */\n", "Opens the door."),
        ("/**\n * @internal\n *\n * Opens the door\n * @param key none\n */\n", "Opens the door"),
        ("// Opens the door\n//\n// Quickly.\n", "Opens the door"),
        ("// Opens the door.\n\n", None),
        ("int x; // Opens the door.\n", None),
        ("// close(door);\n", None),
        ("// TODO: open the door\n", None),
        ("// helpers\n", None),
        ("// ---- ====\n", None),
        ("// A line.\n\n// Opens the door.\n", "Opens the door."),
        ("/* Opens <b>the door</b>\n   </summary> */\n", "Opens <b>the door"),
    ],
)
def test_the_first_sentence_right_above_a_symbol_is_its_summary(comment: str, summary: str | None) -> None:
    found = [f for f in facts(read(comment + "void open(void) {}\n", "a.c"), "symbol") if f.key == "summary"]

    assert [fact.value for fact in found] == ([summary] if summary else [])


@pytest.mark.parametrize(
    ("comment", "task"),
    [
        ("// TODO: oil it", "oil it"),
        ("// TODO oil it", "oil it"),
        ("// FIXME(dana): oil it", "oil it"),
        ("// TODO - oil it", "oil it"),
        ("/* first\n * TODO: oil it\n */", "oil it"),
        ("/* TODO: oil it **/", "oil it"),
        ("// see the TODO: oil it", None),
        ("// TODOs: oil it", None),
        ("// TODO:", None),
        ("// todo: oil it", None),
        ('char *s = "// TODO: oil it";', None),
    ],
)
def test_a_comment_that_begins_with_a_mark_is_a_task_of_the_symbol_around_it(comment: str, task: str | None) -> None:
    extraction = read(f"void before(void) {{}}\nvoid open(void) {{\n    int a;\n    {comment}\n}}\n", "a.c")

    assert said(extraction, "todo") == ([("a.open", "todo", task)] if task else [])


def test_what_is_declared_is_told_only_where_it_says_something() -> None:
    text = "int size = 3;\nextern const int other;\nint (*pointer)(int);\nint *&reference(int);\nint one(), two;\n"

    assert said(read(text, "a.cpp")) == [
        ("a.reference", "function", "int *&reference(int)"),
        ("a.one", "function", "int one(), two"),
    ]
    assert said(read("const local = 1, Mixed = 2\nlet UPPER = 3\nexport const TOP = 4\n", "a.js")) == [
        ("a.TOP", "constant", "export const TOP = 4")
    ]
    assert said(read("x = 1\nself.Y = 2\nX, Z = 1, 2\n", "a.rb")) == []
    assert said(read("module.exports = function () {};\n[a, b] = c;\n", "a.js")) == []


def test_what_stands_in_a_namespace_has_its_name() -> None:
    assert said(read("<?php\nnamespace Shop\\Orders {\nfunction one() {}\n}\n", "a.php")) == [
        ("a.Shop.Orders.one", "function", "function one()")
    ]
    assert said(read("namespace net::inner { void one(); }\n", "a.cpp")) == [
        ("a.net.inner.one", "function", "void one()")
    ]


def test_names_that_are_none_make_no_symbol() -> None:
    assert said(read("export default class {}\nnamespace {}\n", "a.ts")) == []
    assert said(read("namespace { int one() { return 1; } }\ntypedef struct { int x; };\n", "a.cpp")) == [
        ("a.one", "function", "int one()")
    ]
    assert said(read("func () one() {}\n", "a.go")) == [("a.one", "function", "func () one()")]
    assert said(read(f"function {'x' * 200}() {{}}\nfunction one() {{}}\n", "a.js")) == [
        ("a.one", "function", "function one()")
    ]


HOSTILE = {
    "brackets": "(" * 20_000,
    "angles": "a<" * 20_000,
    "many angles": ("a<b,c;" * 30 + "\n") * 60,
    "colons": "a::" * 10_000,
    "blanks": "//" + " " * 100_000 + "x",
    "stars": "/*" + "*" * 100_000,
    "comments": "// a b\n" * 20_000,
    "small comments": "/**/" * 10_000,
    "pointers": "int " + "*" * 20_000 + "x;",
    "quotes": '"' * 10_001,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("path", ["a.c", "a.cs", "a.ts"])
def test_hostile_code_is_left_in_bounded_time(path: str, text: str) -> None:
    extraction = read(text, path)

    assert extraction.state in {"ok", "limited"}
    assert extraction.facts == ()


def test_code_that_is_nested_too_deeply_or_too_intricate_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read("a<" * 40, "a.cs").reason == "nested too deeply: searchable, without facts"
    assert read("x = " + "[" * 300 + "]" * 300, "a.js").reason == "nested too deeply: searchable, without facts"
    assert read("void f() { if (a << b && b <= c) { x->y(); g<T>(z); } }\n" * 50, "a.cpp").state == "ok"

    monkeypatch.setattr("indexer.extractors.code.parsing.CODE_STEPS_MIN", 0)
    monkeypatch.setattr("indexer.extractors.code.parsing.CODE_STEPS_PER_KIB", 0)
    intricate = read("function one() {}\n" * 500, "a.js")
    assert (intricate.state, intricate.facts) == ("limited", ())
    assert intricate.reason == "too intricate to be parsed: searchable, without facts"
