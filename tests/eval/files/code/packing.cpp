// Chooses the smallest box into which the articles of an order fit.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace packing {

constexpr int kFillPercent = 85;  // air that is left on purpose
constexpr int kBoxTypes = 9;

struct Size {
    int length_mm;
    int width_mm;
    int height_mm;

    std::int64_t volume() const { return std::int64_t{length_mm} * width_mm * height_mm; }
};

struct Box {
    std::string name;
    Size inner;
    int limit_g;
};

/// An article as the packer sees it: its outer size, its weight, and whether it may lie on its side.
class Item {
public:
    Item(Size size, int weight_g, bool upright) : size_(size), weight_g_(weight_g), upright_(upright) {}

    bool fits(const Box& box) const;
    int weight_g() const { return weight_g_; }
    std::int64_t volume() const { return size_.volume(); }

private:
    Size size_;
    int weight_g_;
    bool upright_;
};

bool Item::fits(const Box& box) const {
    if (upright_) {
        return size_.height_mm <= box.inner.height_mm && size_.length_mm <= box.inner.length_mm;
    }
    std::vector<int> mine{size_.length_mm, size_.width_mm, size_.height_mm};
    std::vector<int> theirs{box.inner.length_mm, box.inner.width_mm, box.inner.height_mm};
    std::sort(mine.begin(), mine.end());
    std::sort(theirs.begin(), theirs.end());
    return std::equal(mine.begin(), mine.end(), theirs.begin(), [](int a, int b) { return a <= b; });
}

/// Returns the first box that holds everything; the boxes have to be sorted by volume.
std::optional<Box> choose_box(const std::vector<Item>& items, const std::vector<Box>& boxes) {
    std::int64_t volume = 0;
    int weight = 0;
    for (const Item& item : items) {
        volume += item.volume();
        weight += item.weight_g();
    }
    for (const Box& box : boxes) {
        const bool roomy = volume * 100 <= box.inner.volume() * kFillPercent;
        const bool light = weight <= box.limit_g;
        const bool all_fit = std::all_of(items.begin(), items.end(), [&](const Item& item) { return item.fits(box); });
        if (roomy && light && all_fit) {
            return box;
        }
    }
    return std::nullopt;
}

/// Thrown when an order has to be split by hand.
class TooLarge : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace packing
