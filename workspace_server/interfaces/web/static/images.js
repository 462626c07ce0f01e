// What cannot be decoded as an image leaves its words, not the browser's broken icon.
for (const image of document.querySelectorAll(".prose img, .picture img")) {
  image.decode().catch(() => {
    if (image.naturalWidth > 0 || !image.isConnected) return;
    const box = document.createElement("span");
    box.className = "no-image";
    box.textContent = `${image.alt || "An image"} (this image cannot be shown)`;
    image.replaceWith(box);
  });
}
