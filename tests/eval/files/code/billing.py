"""Invoices: how the lines of an order become amounts, and how an amount is rounded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal

SMALLEST_UNIT = Decimal("0.01")
DUNNING_FEE = Decimal("7.50")
PAYMENT_TERM_DAYS = 14
"""Days after which an invoice is due; public customers have thirty."""
PUBLIC_TERM_DAYS = 30
EARLY_DISCOUNT = Decimal("0.02")
EARLY_DISCOUNT_DAYS = 5


class BillingError(Exception):
    """An order cannot be invoiced as it is."""


class EmptyOrderError(BillingError):
    """The order has no lines left after cancellations."""


@dataclass(frozen=True)
class Line:
    """One article of an invoice, in pieces."""

    article: str
    pieces: int
    price: Decimal
    tax_percent: Decimal = Decimal(20)

    def net(self) -> Decimal:
        """Return the amount without tax, rounded half to even."""
        return rounded(self.price * self.pieces)

    def tax(self) -> Decimal:
        """Return the tax of this line; it is rounded by line and not by invoice, as the tax office wants it."""
        return rounded(self.net() * self.tax_percent / 100)


@dataclass
class Invoice:
    """What a customer has to pay, and until when."""

    number: int
    customer: str
    issued: dt.date
    lines: list[Line] = field(default_factory=list)
    public_customer: bool = False

    def total(self) -> Decimal:
        """Return the sum with tax."""
        if not self.lines:
            raise EmptyOrderError(f"invoice {self.number} has no lines")
        return sum((line.net() + line.tax() for line in self.lines), Decimal(0))

    def due(self) -> dt.date:
        """Return the day on which the payment has to be there."""
        days = PUBLIC_TERM_DAYS if self.public_customer else PAYMENT_TERM_DAYS
        return self.issued + dt.timedelta(days=days)

    def amount_on(self, day: dt.date) -> Decimal:
        """Return what is owed on *day*: less when paid early, more when reminded."""
        if day <= self.issued + dt.timedelta(days=EARLY_DISCOUNT_DAYS):
            return rounded(self.total() * (1 - EARLY_DISCOUNT))
        if day > self.due() + dt.timedelta(days=21):
            return self.total() + DUNNING_FEE
        return self.total()


class InvoiceBook:
    """All invoices of a year, with numbers that have no gap."""

    def __init__(self, year: int, first_number: int = 1) -> None:
        self.year = year
        self._next = first_number
        self._invoices: dict[int, Invoice] = {}

    def issue(self, customer: str, lines: Sequence[Line], *, day: dt.date) -> Invoice:
        """Give the next number to a new invoice and keep it."""
        if day.year != self.year:
            raise BillingError(f"the book of {self.year} is closed for {day}")
        invoice = Invoice(self._next, customer, day, list(lines))
        self._invoices[invoice.number] = invoice
        self._next += 1
        return invoice

    def cancel(self, number: int, *, reason: str) -> Invoice:
        """Write the opposite of an invoice; the first one stays in the book."""
        original = self._invoices[number]
        opposite = [Line(line.article, -line.pieces, line.price, line.tax_percent) for line in original.lines]
        return self.issue(f"{original.customer} ({reason})", opposite, day=original.issued)

    def overdue(self, today: dt.date) -> list[Invoice]:
        """Return the invoices whose day has passed, the oldest first."""
        late = [invoice for invoice in self._invoices.values() if invoice.due() < today]
        return sorted(late, key=lambda invoice: invoice.issued)


def rounded(amount: Decimal) -> Decimal:
    """Round to cents, half to even."""
    return amount.quantize(SMALLEST_UNIT, rounding=ROUND_HALF_EVEN)


def split_evenly(amount: Decimal, parts: int) -> list[Decimal]:
    """Split *amount* into *parts* that differ by one cent at most and add up to it."""
    if parts < 1:
        raise ValueError("an amount is split into one part at least")
    share, left = divmod(int(amount / SMALLEST_UNIT), parts)
    return [SMALLEST_UNIT * (share + (number < left)) for number in range(parts)]


def totals_by_tax(lines: Iterable[Line]) -> dict[Decimal, Decimal]:
    """Return the net sums, by tax rate."""
    sums: dict[Decimal, Decimal] = {}
    for line in lines:
        sums[line.tax_percent] = sums.get(line.tax_percent, Decimal(0)) + line.net()
    return sums
