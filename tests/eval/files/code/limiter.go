// Package limiter counts the requests of partners and refuses those above their rate.
package limiter

import (
	"errors"
	"sync"
	"time"
)

// DefaultBurst is what a partner may send at once after a quiet minute.
const DefaultBurst = 40

// ErrTooMany is returned when a partner has used up its tokens.
var ErrTooMany = errors.New("limiter: too many requests")

// Bucket holds the tokens of one partner.
type Bucket struct {
	tokens float64
	filled time.Time
}

// Limiter keeps one bucket for each partner and forgets those that have been quiet.
type Limiter struct {
	mu        sync.Mutex
	perSecond float64
	burst     float64
	buckets   map[string]*Bucket
	now       func() time.Time
}

// New returns a limiter that allows perMinute requests on average.
func New(perMinute int, now func() time.Time) *Limiter {
	return &Limiter{
		perSecond: float64(perMinute) / 60,
		burst:     DefaultBurst,
		buckets:   make(map[string]*Bucket),
		now:       now,
	}
}

// Allow takes a token of the partner, or returns ErrTooMany.
func (l *Limiter) Allow(partner string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket, known := l.buckets[partner]
	if !known {
		bucket = &Bucket{tokens: l.burst, filled: l.now()}
		l.buckets[partner] = bucket
	}
	l.refill(bucket)
	if bucket.tokens < 1 {
		return ErrTooMany
	}
	bucket.tokens--
	return nil
}

// RetryAfter tells how long a partner has to wait until the next token is there.
func (l *Limiter) RetryAfter(partner string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket, known := l.buckets[partner]
	if !known || bucket.tokens >= 1 {
		return 0
	}
	missing := 1 - bucket.tokens
	return time.Duration(missing / l.perSecond * float64(time.Second))
}

// Sweep forgets the buckets that have been full for the given time, and returns their number.
func (l *Limiter) Sweep(quiet time.Duration) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	swept := 0
	for partner, bucket := range l.buckets {
		if l.now().Sub(bucket.filled) > quiet {
			delete(l.buckets, partner)
			swept++
		}
	}
	return swept
}

func (l *Limiter) refill(bucket *Bucket) {
	now := l.now()
	bucket.tokens += now.Sub(bucket.filled).Seconds() * l.perSecond
	if bucket.tokens > l.burst {
		bucket.tokens = l.burst
	}
	bucket.filled = now
}
