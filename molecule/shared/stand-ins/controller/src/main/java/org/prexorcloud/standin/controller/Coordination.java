// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The few operations that rate limits, lockout, token revocation and node presence need. Redis whenever a redis
 * block exists, otherwise this process alone. Lettuce's defaults give the hanging answers for free: a command waits
 * up to a minute while the server is away.
 */
interface Coordination {
    String PREFIX = "prexor:v1:";

    String get(String key);

    void set(String key, String value);

    void set(String key, String value, Duration ttl);

    /** Adds one; the first addition starts the window. */
    long increment(String key, Duration window);

    Duration ttl(String key);

    void delete(String... keys);

    List<String> keys(String prefix);

    boolean ping();

    void close();

    /** @throws RuntimeException with Lettuce's text when Redis cannot be reached or refuses the password */
    static Coordination connect(RedisConfig config) {
        return config == null ? new InProcess() : new Redis(config.uri());
    }

    final class Redis implements Coordination {
        private static final Logger LOG = LoggerFactory.getLogger("RedisConnection");
        private final RedisClient client;
        private final RedisCommands<String, String> commands;

        Redis(String uri) {
            client = RedisClient.create(RedisURI.create(uri));
            try {
                StatefulRedisConnection<String, String> connection = client.connect();
                commands = connection.sync();
            } catch (RuntimeException e) {
                client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
                throw e;
            }
            LOG.info("Redis connected");
        }

        @Override
        public String get(String key) {
            return commands.get(PREFIX + key);
        }

        @Override
        public void set(String key, String value) {
            commands.set(PREFIX + key, value);
        }

        @Override
        public void set(String key, String value, Duration ttl) {
            commands.psetex(PREFIX + key, ttl.toMillis(), value);
        }

        @Override
        public long increment(String key, Duration window) {
            long count = commands.incr(PREFIX + key);
            if (count == 1) {
                commands.pexpire(PREFIX + key, window.toMillis());
            }
            return count;
        }

        @Override
        public Duration ttl(String key) {
            return Duration.ofMillis(Math.max(0, commands.pttl(PREFIX + key)));
        }

        @Override
        public void delete(String... keys) {
            commands.del(java.util.Arrays.stream(keys).map(PREFIX::concat).toArray(String[]::new));
        }

        @Override
        public List<String> keys(String prefix) {
            return commands.keys(PREFIX + prefix + "*").stream()
                    .map(key -> key.substring(PREFIX.length()))
                    .sorted()
                    .toList();
        }

        @Override
        public boolean ping() {
            return "PONG".equals(commands.ping());
        }

        @Override
        public void close() {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
            LOG.info("Redis disconnected");
        }
    }

    final class InProcess implements Coordination {
        private record Entry(String value, Instant until) {}

        private final Map<String, Entry> entries = new ConcurrentHashMap<>();

        private Entry live(String key) {
            return entries.computeIfPresent(key, (k, e) -> e.until().isBefore(Instant.now()) ? null : e);
        }

        @Override
        public String get(String key) {
            Entry entry = live(key);
            return entry == null ? null : entry.value();
        }

        @Override
        public void set(String key, String value) {
            entries.put(key, new Entry(value, Instant.MAX));
        }

        @Override
        public void set(String key, String value, Duration ttl) {
            entries.put(key, new Entry(value, Instant.now().plus(ttl)));
        }

        @Override
        public long increment(String key, Duration window) {
            live(key);
            return Long.parseLong(entries.compute(key, (k, e) -> e == null
                            ? new Entry("1", Instant.now().plus(window))
                            : new Entry(Long.toString(Long.parseLong(e.value()) + 1), e.until()))
                    .value());
        }

        @Override
        public Duration ttl(String key) {
            Entry entry = live(key);
            return entry == null || entry.until() == Instant.MAX
                    ? Duration.ZERO
                    : Duration.between(Instant.now(), entry.until());
        }

        @Override
        public void delete(String... keys) {
            for (String key : keys) {
                entries.remove(key);
            }
        }

        @Override
        public List<String> keys(String prefix) {
            return entries.keySet().stream()
                    .filter(key -> key.startsWith(prefix))
                    .sorted()
                    .toList();
        }

        @Override
        public boolean ping() {
            return true;
        }

        @Override
        public void close() {
            entries.clear();
        }
    }
}
