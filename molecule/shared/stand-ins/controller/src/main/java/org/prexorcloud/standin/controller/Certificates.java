// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Issuing EC P-256 certificates, and the PEM and PKCS#12 files they live in (api.md section 7, layout.md section 4). */
final class Certificates {
    static final String ALIAS = "cert";

    /** A key with its certificate. */
    record Identity(PrivateKey key, X509Certificate certificate) {}

    /** What distinguishes the kinds of certificates; usage is a bit set of {@link KeyUsage}, purpose null for a CA. */
    private record Kind(int days, int usage, KeyPurposeId purpose, boolean statesNoAuthority) {}

    private static final Kind AUTHORITY = new Kind(3650, KeyUsage.keyCertSign | KeyUsage.cRLSign, null, false);
    private static final Kind SERVER = new Kind(825, 0, KeyPurposeId.id_kp_serverAuth, false);
    private static final Kind MEMBER =
            new Kind(365, KeyUsage.digitalSignature, KeyPurposeId.id_kp_serverAuth, true);
    private static final Kind NODE = new Kind(
            365, KeyUsage.digitalSignature | KeyUsage.keyEncipherment, KeyPurposeId.id_kp_clientAuth, true);

    private Certificates() {}

    static Identity authority(String commonName) {
        return issue(AUTHORITY, commonName, List.of(), null);
    }

    static Identity server(Identity authority) {
        return issue(SERVER, "prexorcloud-controller", List.of("localhost", "127.0.0.1"), authority);
    }

    static Identity node(String nodeId, Identity authority) {
        return issue(NODE, nodeId, List.of(nodeId), authority);
    }

    /** The leaf of the internal listener on the Raft port: names are the uuid, localhost and raft.host. */
    static Identity member(String uuid, String raftHost, Identity authority) {
        return issue(MEMBER, uuid, List.of(uuid, "localhost", raftHost), authority);
    }

    private static Identity issue(Kind kind, String commonName, List<String> names, Identity authority) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair pair = generator.generateKeyPair();
            X500Name subject = new X500NameBuilder().addRDN(BCStyle.CN, commonName).build();
            X500Name issuer = authority == null
                    ? subject
                    : X500Name.getInstance(authority.certificate().getSubjectX500Principal().getEncoded());
            Instant now = Instant.now();
            X509v3CertificateBuilder builder = new X509v3CertificateBuilder(
                    issuer,
                    new BigInteger(127, Secrets.RANDOM),
                    Date.from(now.minus(Duration.ofMinutes(1))),
                    Date.from(now.plus(Duration.ofDays(kind.days()))),
                    subject,
                    SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded()));
            if (authority == null) {
                builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
            } else if (kind.statesNoAuthority()) {
                builder.addExtension(Extension.basicConstraints, false, new BasicConstraints(false));
            }
            if (kind.usage() != 0) {
                builder.addExtension(Extension.keyUsage, true, new KeyUsage(kind.usage()));
            }
            if (kind.purpose() != null) {
                builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(kind.purpose()));
            }
            GeneralName[] alternatives = names.stream()
                    .filter(name -> isAddress(name) || name.matches("[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?"))
                    .map(name -> new GeneralName(isAddress(name) ? GeneralName.iPAddress : GeneralName.dNSName, name))
                    .toArray(GeneralName[]::new);
            if (alternatives.length > 0) {
                builder.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(alternatives));
            }
            PrivateKey signer = authority == null ? pair.getPrivate() : authority.key();
            byte[] encoded = builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(signer))
                    .getEncoded();
            return new Identity(pair.getPrivate(), parse(encoded));
        } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean isAddress(String name) {
        return name.matches("[0-9.]+") || name.contains(":");
    }

    static X509Certificate parse(byte[] encoded) throws GeneralSecurityException {
        return (X509Certificate)
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(encoded));
    }

    static String pem(Certificate certificate) {
        try {
            return pem("CERTIFICATE", certificate.getEncoded());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    static String pem(PrivateKey key) {
        return pem("PRIVATE KEY", key.getEncoded());
    }

    private static String pem(String label, byte[] der) {
        return "-----BEGIN " + label + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
                + "\n-----END " + label + "-----\n";
    }

    static PrivateKey key(String pem) throws GeneralSecurityException {
        String body = pem.replaceAll("-----[A-Z ]+-----", "").replaceAll("\\s", "");
        return KeyFactory.getInstance("EC")
                .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(body)));
    }

    static byte[] pkcs12(Identity identity, X509Certificate authority, String password)
            throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        Certificate[] chain = authority == null
                ? new Certificate[] {identity.certificate()}
                : new Certificate[] {identity.certificate(), authority};
        store.setKeyEntry(ALIAS, identity.key(), password.toCharArray(), chain);
        java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
        store.store(out, password.toCharArray());
        return out.toByteArray();
    }

    /** @throws IOException "keystore password was incorrect", in the JDK's words */
    static KeyStore load(Path file, String password) throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(new ByteArrayInputStream(Files.readAllBytes(file)), password.toCharArray());
        return store;
    }

    static Identity identity(KeyStore store, String password) throws GeneralSecurityException {
        for (String alias : java.util.Collections.list(store.aliases())) {
            if (store.isKeyEntry(alias)) {
                return new Identity(
                        (PrivateKey) store.getKey(alias, password.toCharArray()),
                        (X509Certificate) store.getCertificate(alias));
            }
        }
        throw new GeneralSecurityException("no private key in the key store");
    }
}
