// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.daemon;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Log lines in upstream's two forms on standard output. logs/daemon.log receives only what is logged
 * before the configuration is applied, so it stays empty after a good start.
 */
final class Log {
    enum Level {
        TRACE,
        DEBUG,
        INFO,
        WARN,
        ERROR,
        OFF
    }

    private static final Path FILE = Path.of("logs", "daemon.log");
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS");
    private static final ObjectMapper JSON = new ObjectMapper();

    private static volatile Level threshold = Level.INFO;
    private static volatile boolean json;
    private static volatile boolean toFile;

    private final String name;

    Log(String name) {
        this.name = name;
    }

    /** Before the configuration is known: text, level INFO, also into the file where one can be made. */
    static void open() {
        try {
            Files.createDirectories(FILE.getParent());
            Files.write(FILE, new byte[0], StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            toFile = true;
        } catch (IOException e) {
            System.out.println("no log file: " + e);
        }
    }

    static void apply(DaemonConfig.Logging logging) {
        json = logging.format().equalsIgnoreCase("JSON");
        try {
            threshold = Level.valueOf(logging.level().trim().toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            threshold = Level.DEBUG; // what logback makes of a level it does not know
        }
        toFile = false;
    }

    void info(String message) {
        write(Level.INFO, message, null);
    }

    void warn(String message) {
        write(Level.WARN, message, null);
    }

    void error(String message, Throwable cause) {
        write(Level.ERROR, message, cause);
    }

    private void write(Level level, String message, Throwable cause) {
        if (level.compareTo(threshold) < 0) {
            return;
        }
        String thread = Thread.currentThread().getName();
        StringWriter trace = new StringWriter();
        if (cause != null) {
            cause.printStackTrace(new PrintWriter(trace, true));
        }
        String line = json
                ? jsonLine(level, thread, message, trace.toString())
                : "%s [%s] %-5s %s - %s%n%s"
                        .formatted(TIME.format(LocalDateTime.now()), thread, level, name, message, trace)
                        .stripTrailing();
        System.out.println(line);
        if (toFile) {
            try {
                Files.writeString(FILE, line + System.lineSeparator(), StandardOpenOption.APPEND);
            } catch (IOException e) {
                toFile = false;
            }
        }
    }

    private String jsonLine(Level level, String thread, String message, String trace) {
        Map<String, String> fields = new LinkedHashMap<>();
        fields.put("timestamp", Instant.now().truncatedTo(ChronoUnit.MILLIS).toString());
        fields.put("level", level.name());
        fields.put("logger", name);
        fields.put("thread", thread);
        fields.put("message", message);
        if (!trace.isEmpty()) {
            fields.put("exception", trace);
        }
        try {
            return JSON.writeValueAsString(fields);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
