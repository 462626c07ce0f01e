<?php

declare(strict_types=1);

namespace Brightwater\Portal;

/**
 * Finds the handler for a request of the partner portal.
 */
final class Router
{
    public const SLOW_AFTER_MS = 800;

    /** @var array<string, array<string, callable>> */
    private array $routes = [];

    public function __construct(private readonly Gatekeeper $gatekeeper)
    {
    }

    /** Adds a route; the last one wins when two have the same pattern. */
    public function add(string $method, string $pattern, callable $handler): self
    {
        $this->routes[strtoupper($method)][$pattern] = $handler;
        return $this;
    }

    /** Calls the handler, or answers with 404 or 405. */
    public function dispatch(Request $request): Response
    {
        $this->gatekeeper->check($request);
        foreach ($this->routes[$request->method] ?? [] as $pattern => $handler) {
            $parameters = self::match($pattern, $request->path);
            if ($parameters !== null) {
                return $handler($request, ...$parameters);
            }
        }
        return new Response($this->allowed($request->path) === [] ? 404 : 405);
    }

    /** @return list<string> the methods that a path could be called with */
    public function allowed(string $path): array
    {
        $found = [];
        foreach ($this->routes as $method => $patterns) {
            foreach (array_keys($patterns) as $pattern) {
                if (self::match($pattern, $path) !== null) {
                    $found[] = $method;
                }
            }
        }
        return array_values(array_unique($found));
    }

    private static function match(string $pattern, string $path): ?array
    {
        $wanted = explode('/', $pattern);
        $given = explode('/', $path);
        if (count($wanted) !== count($given)) {
            return null;
        }
        $parameters = [];
        foreach ($wanted as $index => $part) {
            if (str_starts_with($part, ':')) {
                $parameters[] = rawurldecode($given[$index]);
            } elseif ($part !== $given[$index]) {
                return null;
            }
        }
        return $parameters;
    }
}

interface Gatekeeper
{
    /** @throws Forbidden when the partner is blocked or has not paid */
    public function check(Request $request): void;
}

trait RemembersLastVisit
{
    private ?\DateTimeImmutable $lastVisit = null;

    public function visited(\DateTimeImmutable $now): void
    {
        $this->lastVisit = $now;
    }
}
