// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.daemon;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** The start-up check of the module trust root. Which key kinds are accepted is not modelled. */
final class TrustBundle {
    private TrustBundle() {}

    static void check(ModuleSigningDaemonConfig signing) {
        // Without a trust root the real daemon starts too, and later refuses every module.
        if (!signing.required() || signing.trustRoot().isBlank()) {
            return;
        }
        Path file = Path.of(signing.trustRoot());
        if (!Files.exists(file)) {
            throw new IllegalStateException("trust bundle does not exist: " + file);
        }
        String text;
        try {
            text = Files.readString(file);
        } catch (IOException e) {
            throw new IllegalStateException("failed to read trust bundle: " + file, e);
        }
        boolean keyed = signing.mode() == ModuleSigningDaemonConfig.Mode.KEYED;
        String kinds = keyed ? "PUBLIC KEY" : "PUBLIC KEY or CERTIFICATE";
        if (!Pattern.compile("-----BEGIN (%s)-----".formatted(keyed ? "PUBLIC KEY" : "PUBLIC KEY|CERTIFICATE"))
                .matcher(text)
                .find()) {
            throw new IllegalStateException("trust bundle has no %s blocks: %s".formatted(kinds, file));
        }
    }
}
