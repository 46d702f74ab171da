// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.LayoutBase;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import com.fasterxml.jackson.core.JsonProcessingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.LoggerFactory;

/**
 * Load and validation errors also go to logs/controller.log; once the configuration is accepted only stdout is left
 * (layout.md section 4). An unknown level or format is ignored.
 */
final class Logging {
    private Logging() {}

    static void apply(LoggingConfig config) {
        Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.detachAppender("FILE");
        root.setLevel(Level.toLevel(config.level(), Level.INFO));
        Appender<ILoggingEvent> appender = root.getAppender("CONSOLE");
        if (config.format().equals("JSON") && appender instanceof ConsoleAppender<ILoggingEvent> console) {
            JsonLine layout = new JsonLine();
            layout.setContext((LoggerContext) LoggerFactory.getILoggerFactory());
            layout.start();
            LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
            encoder.setCharset(StandardCharsets.UTF_8);
            encoder.setContext(layout.getContext());
            encoder.setLayout(layout);
            encoder.start();
            console.setEncoder(encoder);
        }
    }

    private static final class JsonLine extends LayoutBase<ILoggingEvent> {
        @Override
        public String doLayout(ILoggingEvent event) {
            Map<String, String> line = new LinkedHashMap<>();
            line.put("timestamp", event.getInstant().toString());
            line.put("level", event.getLevel().toString());
            line.put("logger", event.getLoggerName());
            line.put("thread", event.getThreadName());
            line.put("message", event.getFormattedMessage());
            if (event.getThrowableProxy() != null) {
                line.put("exception", ThrowableProxyUtil.asString(event.getThrowableProxy()));
            }
            try {
                return ClusterState.JSON.writeValueAsString(line) + "\n";
            } catch (JsonProcessingException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
