package example.brightwater.delivery;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;

/**
 * Keeps deliveries that failed, and hands them out again when their time has come.
 *
 * <p>Not safe for several threads: the dispatcher owns the only instance.
 */
public final class RetryQueue {
    /** After so many failures a delivery is given up. */
    public static final int MAX_ATTEMPTS = 12;

    private static final Duration FIRST_PAUSE = Duration.ofSeconds(10);
    private static final Duration LONGEST_PAUSE = Duration.ofHours(6);
    private static final double GROWTH = 2.5;

    private final PriorityQueue<Entry> entries = new PriorityQueue<>();
    private final Clock clock;
    private final DeadLetters deadLetters;

    public RetryQueue(Clock clock, DeadLetters deadLetters) {
        this.clock = clock;
        this.deadLetters = deadLetters;
    }

    /** Puts a failed delivery back, or hands it to the dead letters when it has failed too often. */
    public void failed(Delivery delivery, String reason) {
        int attempts = delivery.attempts() + 1;
        if (attempts >= MAX_ATTEMPTS) {
            deadLetters.bury(delivery, reason);
            return;
        }
        entries.add(new Entry(clock.instant().plus(pauseAfter(attempts)), delivery.withAttempts(attempts)));
    }

    /** Returns the next delivery that is due, if there is one. */
    public Optional<Delivery> poll() {
        Entry first = entries.peek();
        if (first == null || first.due().isAfter(clock.instant())) {
            return Optional.empty();
        }
        return Optional.of(entries.remove().delivery());
    }

    /** Returns everything that waits for one address, so that it can be shown in the portal. */
    public List<Delivery> waitingFor(String address) {
        List<Delivery> found = new ArrayList<>();
        for (Entry entry : entries) {
            if (entry.delivery().address().equals(address)) {
                found.add(entry.delivery());
            }
        }
        return found;
    }

    /** Forgets all deliveries to an address that was switched off, and returns how many there were. */
    public int drop(String address) {
        int before = entries.size();
        entries.removeIf(entry -> entry.delivery().address().equals(address));
        return before - entries.size();
    }

    static Duration pauseAfter(int attempts) {
        double seconds = FIRST_PAUSE.toSeconds() * Math.pow(GROWTH, attempts - 1.0);
        Duration pause = Duration.ofSeconds((long) seconds);
        return pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
    }

    /** Where deliveries end that nobody took. */
    public interface DeadLetters {
        void bury(Delivery delivery, String reason);
    }

    private record Entry(Instant due, Delivery delivery) implements Comparable<Entry> {
        @Override
        public int compareTo(Entry other) {
            return due.compareTo(other.due);
        }
    }
}
