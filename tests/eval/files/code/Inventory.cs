using System;
using System.Collections.Generic;
using System.Linq;

namespace Brightwater.Warehouse
{
    /// <summary>How many pieces of an article lie at which place.</summary>
    public sealed class Inventory
    {
        public const int ReorderPoint = 24;
        public const int PlacesPerAisle = 160;

        private readonly Dictionary<string, Stock> stocks = new();

        /// <summary>Books goods that came in.</summary>
        public void Receive(string article, string place, int pieces)
        {
            if (pieces <= 0)
            {
                throw new ArgumentOutOfRangeException(nameof(pieces));
            }
            var stock = stocks.TryGetValue(article, out var known) ? known : stocks[article] = new Stock(article);
            stock.Add(place, pieces);
        }

        /// <summary>Takes pieces from the fullest place first, so that small rests are not scattered.</summary>
        public IReadOnlyList<Pick> Reserve(string article, int pieces)
        {
            if (!stocks.TryGetValue(article, out var stock) || stock.Total < pieces)
            {
                throw new ShortageException(article, stock?.Total ?? 0);
            }
            var picks = new List<Pick>();
            foreach (var (place, there) in stock.Places.OrderByDescending(pair => pair.Value))
            {
                var taken = Math.Min(there, pieces);
                picks.Add(new Pick(place, taken));
                pieces -= taken;
                if (pieces == 0)
                {
                    break;
                }
            }
            return picks;
        }

        public IEnumerable<string> ToReorder() =>
            stocks.Values.Where(stock => stock.Total < ReorderPoint).Select(stock => stock.Article);
    }

    /// <summary>One step of a picker.</summary>
    public readonly record struct Pick(string Place, int Pieces);

    internal sealed class Stock
    {
        public Stock(string article) => Article = article;

        public string Article { get; }

        public Dictionary<string, int> Places { get; } = new();

        public int Total => Places.Values.Sum();

        public void Add(string place, int pieces) => Places[place] = Places.GetValueOrDefault(place) + pieces;
    }

    /// <summary>There are not enough pieces.</summary>
    public sealed class ShortageException : Exception
    {
        public ShortageException(string article, int left)
            : base($"only {left} pieces of {article} are left")
        {
            Left = left;
        }

        public int Left { get; }
    }

    public enum Condition
    {
        New,
        Opened,
        Damaged,
        Destroyed,
    }
}
