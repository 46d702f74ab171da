// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the trust files of modules.signing at the start, and refuses what upstream refuses (signing/trust-roots.tsv). */
final class TrustRoots {
    private static final Pattern KEY = block("PUBLIC KEY");
    private static final Pattern CERTIFICATE = block("CERTIFICATE");

    private TrustRoots() {}

    private static Pattern block(String label) {
        return Pattern.compile("-----BEGIN " + label + "-----(.*?)-----END " + label + "-----", Pattern.DOTALL);
    }

    static void check(ModuleSigningConfig signing) {
        boolean cosign = signing.mode() == ModuleSigningConfig.Mode.COSIGN_BUNDLE;
        String path = signing.trustRoot();
        String text = read(path, "trust bundle");
        int found = keys(text);
        if (cosign) {
            found += certificates(text, path);
        }
        if (found == 0) {
            throw new IllegalStateException("trust bundle has no PUBLIC KEY " + (cosign ? "or CERTIFICATE " : "")
                    + "blocks: " + path);
        }
        if (signing.rekor().policy() == ModuleSigningConfig.RekorConfig.Policy.REQUIRE_SET) {
            String rekor = signing.rekor().publicKey();
            if (keys(read(rekor, "rekor public key file")) == 0) {
                throw new IllegalStateException("rekor public key file has no PUBLIC KEY blocks: " + rekor);
            }
        }
    }

    private static String read(String path, String what) {
        if (!Files.isRegularFile(Path.of(path))) {
            throw new IllegalArgumentException(what + " does not exist: " + path);
        }
        try {
            return Files.readString(Path.of(path));
        } catch (IOException e) {
            throw new UncheckedIOException("failed to read " + what + ": " + path, e);
        }
    }

    private static int keys(String text) {
        int count = 0;
        for (Matcher match = KEY.matcher(text); match.find(); count++) {
            byte[] der = Base64.getMimeDecoder().decode(match.group(1));
            GeneralSecurityException last = null;
            boolean decoded = false;
            for (String algorithm : List.of("EC", "RSA", "Ed25519")) {
                try {
                    KeyFactory.getInstance(algorithm).generatePublic(new X509EncodedKeySpec(der));
                    decoded = true;
                    break;
                } catch (GeneralSecurityException e) {
                    last = e;
                }
            }
            if (!decoded) {
                throw new IllegalStateException("unsupported public key (sha256=" + sha256(der) + ")", last);
            }
        }
        return count;
    }

    private static int certificates(String text, String path) {
        int count = 0;
        for (Matcher match = CERTIFICATE.matcher(text); match.find(); count++) {
            try {
                CertificateFactory.getInstance("X.509")
                        .generateCertificate(
                                new ByteArrayInputStream(Base64.getMimeDecoder().decode(match.group(1))));
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("failed to parse trust bundle: " + path, e);
            }
        }
        return count;
    }

    private static String sha256(byte[] der) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(der));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
